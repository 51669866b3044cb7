from django.urls import path

from tenant_apps.subscriptions.api import views

_ONE = "subscriptions/<uuid:subscription_id>"

urlpatterns = [
    path("subscriptions", views.SubscriptionsView.as_view()),
    path(_ONE, views.SubscriptionView.as_view()),
    path(f"{_ONE}/freeze", views.FreezeView.as_view()),
    path(f"{_ONE}/unfreeze", views.UnfreezeView.as_view()),
    path(f"{_ONE}/cancel", views.CancellationView.as_view()),
    path(f"{_ONE}/extend", views.ExtensionView.as_view()),
    path(f"{_ONE}/renew", views.RenewalView.as_view()),
    path(f"{_ONE}/adjust", views.AdjustmentView.as_view()),
    path(f"{_ONE}/transfer", views.TransferView.as_view()),
    path(f"{_ONE}/members", views.MembersView.as_view()),
    path(f"{_ONE}/members/<uuid:customer_id>", views.MemberView.as_view()),
    path(f"{_ONE}/entries", views.EntriesView.as_view()),
    path(f"{_ONE}/changes", views.ChangesView.as_view()),
]
