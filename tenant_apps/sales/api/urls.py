from django.urls import path

from tenant_apps.sales.api import views

urlpatterns = [
    path("sales", views.SalesView.as_view()),
    path("payments/<uuid:payment_id>/confirm", views.PaymentConfirmationView.as_view()),
]
