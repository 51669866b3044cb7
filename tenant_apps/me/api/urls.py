from django.urls import path

from tenant_apps.me.api import views

urlpatterns = [
    path("me/customer", views.MyCustomerView.as_view()),
    path("me/subscriptions", views.MySubscriptionsView.as_view()),
    path("me/qr-codes", views.MyQRCodesView.as_view()),
    path("me/qr-codes/<uuid:code_id>/image", views.MyQRCodeImageView.as_view()),
    path("me/qr-codes/<uuid:code_id>/card", views.MyQRCodeCardView.as_view()),
    path("me/check-ins", views.MyCheckInsView.as_view()),
    path("me/invoices", views.MyInvoicesView.as_view()),
]
