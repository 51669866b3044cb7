from django.urls import path

from tenant_apps.me.api import views

urlpatterns = [
    path("me/customer", views.MyCustomerView.as_view()),
    path("me/subscriptions", views.MySubscriptionsView.as_view()),
    path("me/subscriptions/<uuid:subscription_id>", views.MySubscriptionView.as_view()),
    path("me/subscriptions/<uuid:subscription_id>/entries", views.MyEntriesView.as_view()),
    path("me/qr-codes", views.MyQRCodesView.as_view()),
    path("me/qr-codes/<uuid:code_id>/image", views.MyQRCodeImageView.as_view()),
    path("me/qr-codes/<uuid:code_id>/card", views.MyQRCodeCardView.as_view()),
    path("me/check-ins", views.MyCheckInsView.as_view()),
    path("me/check-ins/<uuid:check_in_id>", views.MyCheckInView.as_view()),
    path("me/invoices", views.MyInvoicesView.as_view()),
    path("me/invoices/<uuid:invoice_id>", views.MyInvoiceView.as_view()),
    path("me/payments", views.MyPaymentsView.as_view()),
]
