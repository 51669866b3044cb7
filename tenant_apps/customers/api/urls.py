from django.urls import path

from tenant_apps.customers.api import views

urlpatterns = [
    path("customers", views.CustomersView.as_view()),
    path("customers/<uuid:customer_id>", views.CustomerView.as_view()),
    path("customers/<uuid:customer_id>/invitation", views.InvitationView.as_view()),
]
