from django.urls import path

from tenant_apps.customers.api import views

urlpatterns = [
    path("customers", views.CustomersView.as_view()),
    path("customers/export", views.ExportView.as_view()),
    path("customers/imports", views.ImportsView.as_view()),
    path("customers/imports/<uuid:import_id>", views.ImportView.as_view()),
    path("customers/imports/<uuid:import_id>/rows", views.ImportRowsView.as_view()),
    path("customers/<uuid:customer_id>", views.CustomerView.as_view()),
    path("customers/<uuid:customer_id>/invitation", views.InvitationView.as_view()),
    path("customers/<uuid:customer_id>/merge", views.MergeView.as_view()),
]
