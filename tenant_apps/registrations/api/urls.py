from django.urls import path

from tenant_apps.registrations.api import views

urlpatterns = [
    path("registrations", views.RegistrationsView.as_view()),
    path("registrations/confirm", views.ConfirmationView.as_view()),
]
