"""Routes that both kinds of host have, and those of one kind."""

from django.urls import path

from platform_shared.accounts.api import views

common = [
    path("auth/token", views.TokenView.as_view()),
    path("auth/token/refresh", views.RefreshView.as_view()),
    path("auth/logout", views.LogoutView.as_view()),
    path("auth/password", views.PasswordView.as_view()),
    path("auth/password-links", views.PasswordLinksView.as_view()),
    path("me", views.MeView.as_view()),
    path("me/password", views.MyPasswordView.as_view()),
]
platform = [
    path("clubs/<uuid:club_id>/support-sessions", views.SupportSessionsView.as_view()),
    path("system-users", views.SystemUserListView.as_view()),
    path("system-users/<uuid:user_id>", views.SystemUserView.as_view()),
    path("system-users/<uuid:user_id>/password-link", views.SystemUserPasswordLinkView.as_view()),
]
club = [
    path("staff", views.StaffListView.as_view()),
    path("staff/<uuid:user_id>", views.StaffView.as_view()),
    path("staff/<uuid:user_id>/password-link", views.StaffPasswordLinkView.as_view()),
]
well_known = [path(".well-known/jwks.json", views.JwksView.as_view())]
