from django.urls import path

from tenant_apps.locations.api import views

urlpatterns = [
    path("locations", views.LocationsView.as_view()),
    path("locations/<uuid:location_id>", views.LocationView.as_view()),
]
