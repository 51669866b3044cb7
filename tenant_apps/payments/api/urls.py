from django.urls import path

from tenant_apps.payments.api import views

urlpatterns = [
    path("payments", views.PaymentsView.as_view()),
    path("payments/<uuid:payment_id>", views.PaymentView.as_view()),
]
