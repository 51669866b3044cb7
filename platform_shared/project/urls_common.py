"""Routes that every host has: the documents of its API."""

from typing import Any

from django.urls import URLPattern, path

from platform_shared.accounts.api import urls as accounts
from platform_shared.kit import problem
from platform_shared.project.documents import DocumentView, RedocView, SwaggerView

handler400 = problem.bad_request
handler403 = problem.forbidden
handler404 = problem.not_found
handler500 = problem.server_error


def documents(urlconf: str, title: str) -> list[URLPattern]:
    """Return the routes of the OpenAPI document of ``urlconf`` and its two browsers."""
    public: dict[str, Any] = {"authentication_classes": [], "permission_classes": []}
    document = DocumentView.as_view(urlconf=urlconf, custom_settings={"TITLE": title}, **public)
    return [
        path("api/schema/", document, name="schema"),
        path("api/docs/", SwaggerView.as_view(url_name="schema", **public)),
        path("api/redoc/", RedocView.as_view(url_name="schema", **public)),
        *accounts.well_known,
    ]
