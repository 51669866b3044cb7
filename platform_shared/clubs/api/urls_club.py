"""A club host's routes about the club itself."""

from django.urls import path

from platform_shared.clubs.api import views

urlpatterns = [
    path("club", views.OwnClubView.as_view()),
    path("club/origins", views.OriginsView.as_view()),
    path("club/usage", views.UsageView.as_view()),
]
