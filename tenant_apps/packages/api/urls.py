from django.urls import path

from tenant_apps.packages.api import views

urlpatterns = [
    path("catalogue", views.CatalogueView.as_view()),
    path("packages", views.PackagesView.as_view()),
    path("packages/<uuid:package_id>", views.PackageView.as_view()),
]
