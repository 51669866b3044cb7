"""The platform host's club routes."""

from django.urls import path

from platform_shared.clubs.api import views

urlpatterns = [
    path("clubs", views.ClubsView.as_view()),
    path("clubs/<uuid:club_id>", views.ClubView.as_view()),
]
