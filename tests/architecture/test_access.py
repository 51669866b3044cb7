"""Every view says who may call it, for exactly the methods that it has."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.urls import URLPattern, URLResolver, get_resolver
from rest_framework.views import APIView

from platform_shared.clubs.api.guards import ClubServes, SupportIsRecorded
from platform_shared.documents.management.commands.export_openapi import HOSTS
from platform_shared.kit.access import DeclaredPermission, Open, Permission, Role
from platform_shared.kit.views import ApiView, Request, Response
from platform_shared.project.documents import DocumentView, RedocView, SwaggerView

GUARDS = [ClubServes, DeclaredPermission, SupportIsRecorded]

# Open to everybody on purpose, and not operations of the API: its documents.
OTHER_ROUTES = {"/api/schema/", "/api/docs/", "/api/redoc/"}

# What opens the way in; everything else needs an account.
PUBLIC = {
    "POST /api/v1/auth/token",
    "POST /api/v1/auth/token/refresh",
    "POST /api/v1/auth/logout",
    "GET /api/v1/auth/password",
    "POST /api/v1/auth/password",
    "POST /api/v1/auth/password-links",
    "GET /.well-known/jwks.json",
}

# What a club shows, and offers, to those who are no customers yet.
SHOP_WINDOW = {
    "GET /api/v1/catalogue",
    "POST /api/v1/registrations",
    "GET /api/v1/registrations/confirm",
    "POST /api/v1/registrations/confirm",
}


def views(urlconf: str) -> Iterator[tuple[str, Any]]:
    """Yield (path, view class) of every route of a kind of host; None for what is no class."""

    def walk(patterns: list[Any], prefix: str) -> Iterator[tuple[str, Any]]:
        for pattern in patterns:
            path = prefix + str(pattern.pattern)
            if isinstance(pattern, URLResolver):
                yield from walk(pattern.url_patterns, path)
            else:
                assert isinstance(pattern, URLPattern)
                yield path, getattr(pattern.callback, "view_class", None)

    yield from walk(get_resolver(urlconf).url_patterns, "/")


def all_views() -> list[tuple[str, Any]]:
    return [found for urlconf in HOSTS.values() for found in views(urlconf)]


def api_views() -> list[tuple[str, type[ApiView]]]:
    return [(path, view) for path, view in all_views() if view and issubclass(view, ApiView)]


def implemented(view: type[ApiView]) -> set[str]:
    """Return the methods that a request can reach: HEAD is GET's."""
    named = {name.upper() for name in view.http_method_names if hasattr(view, name)}
    return named - {"HEAD"}


def faults(view: type[ApiView]) -> list[str]:
    """Return what is wrong with the view's declaration."""
    declared, has = set(view.access), implemented(view)
    found = [f"{method} declares nothing" for method in sorted(has - declared)]
    found += [f"{method} is declared and not there" for method in sorted(declared - has)]
    found += [
        f"{method} declares no rule"
        for method, rule in view.access.items()
        if not isinstance(rule, Permission | Open)
    ]
    public = {method for method, rule in view.access.items() if rule is Open.PUBLIC}
    if public and (view.authentication_classes or public != declared):
        found.append("mixes public methods with others: a bad token would close them")
    if view.permission_classes != GUARDS:
        found.append("replaces the guards")
    return found


class Undeclared(ApiView):
    def get(self, request: Request) -> Response: ...


class Overdeclared(ApiView):
    access = {"GET": Permission.OWN_VIEW, "POST": Permission.OWN_VIEW}

    def get(self, request: Request) -> Response: ...


class Unguarded(ApiView):
    access = {"GET": Permission.OWN_VIEW}
    permission_classes = ()

    def get(self, request: Request) -> Response: ...


class HalfPublic(ApiView):
    access = {"GET": Open.PUBLIC}

    def get(self, request: Request) -> Response: ...


class TestViews:
    def test_declare_a_rule_for_every_method_and_no_other(self) -> None:
        found = {path: faults(view) for path, view in api_views() if faults(view)}
        assert found == {}
        assert len(api_views()) > 40

    @pytest.mark.parametrize("view", [Undeclared, Overdeclared, Unguarded, HalfPublic])
    def test_would_be_found_declaring_anything_else(self, view: type[ApiView]) -> None:
        assert len(faults(view)) == 1

    def test_are_all_ours_except_the_documents(self) -> None:
        others = {path for path, view in all_views() if not (view and issubclass(view, ApiView))}
        assert others == OTHER_ROUTES

    def test_lead_nowhere_around_the_base_class(self) -> None:
        """A view class of the product that a route could use is an ``ApiView``, or a document's."""

        def subclasses(base: type) -> Iterator[type]:
            for sub in base.__subclasses__():
                yield sub
                yield from subclasses(sub)

        ours = {
            view
            for view in subclasses(APIView)
            if view.__module__.startswith(("platform_shared.", "tenant_apps."))
        }
        assert ApiView in ours
        others = {view for view in ours if not issubclass(view, ApiView)}
        assert others == {DocumentView, RedocView, SwaggerView}

    def test_are_public_only_where_the_way_in_is_or_the_shop_window(self) -> None:
        public = {
            f"{method} {path}"
            for path, view in api_views()
            for method, rule in view.access.items()
            if rule is Open.PUBLIC
        }
        assert public == PUBLIC | SHOP_WINDOW

    def test_stay_open_to_a_suspended_club_only_where_they_must(self) -> None:
        still_open = {path for path, view in api_views() if view.allowed_when_suspended}
        ways_in = {operation.partition(" ")[2] for operation in PUBLIC}
        assert still_open == ways_in | {"/api/v1/me", "/api/v1/me/password"}


class TestPermissions:
    def test_are_each_asked_for_somewhere(self) -> None:
        """A permission that nothing asks for says something of a role that is not true."""
        asked = {rule for _, view in api_views() for rule in view.access.values()}
        inside_views = {Permission.DOOR_CHECK_IN_WITHOUT_CODE}
        without_a_route_yet = {Permission.PACKAGES_PURCHASE}
        assert set(Permission) - asked == inside_views | without_a_route_yet

    def test_start_with_the_row_they_hang_under(self) -> None:
        for permission in Permission:
            subject, _, verb = permission.partition(".")
            assert subject
            assert verb
            assert permission == permission.lower()

    def test_know_four_roles(self) -> None:
        assert {str(role) for role in Role} == {
            "system_admin",
            "club_admin",
            "club_staff",
            "customer",
        }
