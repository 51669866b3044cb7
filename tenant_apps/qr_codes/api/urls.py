from django.urls import path

from tenant_apps.qr_codes.api import views

urlpatterns = [
    path("qr-codes", views.QRCodesView.as_view()),
    path("qr-codes/sheets", views.SheetsView.as_view()),
    path("qr-codes/<uuid:code_id>", views.QRCodeView.as_view()),
    path("qr-codes/<uuid:code_id>/reissue", views.ReissueView.as_view()),
    path("qr-codes/<uuid:code_id>/image", views.QRCodeImageView.as_view()),
]
