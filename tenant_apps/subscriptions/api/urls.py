from django.urls import path

from tenant_apps.subscriptions.api import views

urlpatterns = [
    path("subscriptions", views.SubscriptionsView.as_view()),
    path("subscriptions/<uuid:subscription_id>", views.SubscriptionView.as_view()),
]
