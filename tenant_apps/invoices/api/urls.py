from django.urls import path

from tenant_apps.invoices.api import views

urlpatterns = [
    path("invoices", views.InvoicesView.as_view()),
    path("invoices/<uuid:invoice_id>", views.InvoiceView.as_view()),
]
