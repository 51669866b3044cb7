from django.urls import path

from tenant_apps.checkins.api import views

urlpatterns = [
    path("door/scans", views.ScansView.as_view()),
    path("door/feed", views.FeedView.as_view()),
    path("door/inside", views.InsideView.as_view()),
    path("door/occupancy", views.OccupancyView.as_view()),
    path("check-ins", views.CheckInsView.as_view()),
    path("check-ins/<uuid:check_in_id>", views.CheckInView.as_view()),
    path("check-ins/<uuid:check_in_id>/explanation", views.ExplanationView.as_view()),
    path("check-ins/<uuid:check_in_id>/annul", views.AnnulmentView.as_view()),
]
