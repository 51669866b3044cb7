"""What a view does not declare is denied, and the agreed matrix comes out of the permissions."""

from types import SimpleNamespace
from typing import Any, ClassVar

import pytest
from rest_framework.exceptions import MethodNotAllowed

from platform_shared.kit.access import (
    MATRIX,
    ROLE_PERMISSIONS,
    DeclaredPermission,
    Open,
    Permission,
    Role,
    Rule,
    rule_of,
)
from platform_shared.kit.principal import Anonymous
from platform_shared.kit.views import ApiView, Request, Response
from tests.support.api import Caller

# The table of the product's contract, as agreed: columns are the roles in their order.
AGREED = {
    "Manage clubs": ("yes", "–", "–", "–"),
    "Create users": ("yes", "own club", "–", "–"),
    "Manage packages": ("yes", "own club", "–", "–"),
    "Scan QR codes": ("yes", "yes", "yes", "–"),
    "View reports": ("yes", "own club", "own club", "own"),
    "Manage customers": ("yes", "own club", "own club", "–"),
    "Purchase packages": ("–", "–", "–", "yes"),
    "View own data": ("yes", "yes", "yes", "yes"),
}


class Declaring(ApiView):
    access: ClassVar[dict[str, Rule]] = {
        "GET": Permission.CLUB_VIEW,
        "POST": Open.PUBLIC,
    }

    def get(self, request: Request) -> Response:
        return Response({})

    def post(self, request: Request) -> Response:
        return Response({})

    def patch(self, request: Request) -> Response:
        return Response({})


def asked(method: str, *, permissions: frozenset[Permission] = frozenset()) -> Any:
    """Return the little that the guard looks at of a request."""
    return SimpleNamespace(method=method, user=SimpleNamespace(permissions=permissions))


class TestMatrix:
    @pytest.mark.parametrize("row", AGREED)
    def test_is_the_agreed_one(self, row: str) -> None:
        assert tuple(MATRIX[row].cell(role) for role in Role) == AGREED[row]

    def test_has_no_other_rows(self) -> None:
        assert list(MATRIX) == list(AGREED)


class TestRolePermissions:
    def test_cover_every_role(self) -> None:
        assert set(ROLE_PERMISSIONS) == set(Role)

    def test_let_nobody_but_customers_buy_for_themselves(self) -> None:
        buyers = {r for r, granted in ROLE_PERMISSIONS.items() if "packages.purchase" in granted}
        assert buyers == {Role.CUSTOMER}

    def test_leave_no_permission_that_nobody_has(self) -> None:
        assert frozenset().union(*ROLE_PERMISSIONS.values()) == frozenset(Permission)


class TestRuleOf:
    @pytest.mark.parametrize(
        ("method", "rule"),
        [
            ("GET", Permission.CLUB_VIEW),
            ("HEAD", Permission.CLUB_VIEW),
            ("POST", Open.PUBLIC),
            ("PATCH", None),
            ("OPTIONS", None),
        ],
    )
    def test_is_what_the_view_declares(self, method: str, rule: Rule | None) -> None:
        assert rule_of(Declaring(), method) == rule

    def test_is_none_for_a_view_that_declares_nothing(self) -> None:
        assert rule_of(object(), "GET") is None


class TestDeclaredPermission:
    def test_grants_a_declared_permission_to_who_has_it(self) -> None:
        request = asked("GET", permissions=frozenset({Permission.CLUB_VIEW}))
        assert DeclaredPermission().has_permission(request, Declaring())

    def test_denies_it_to_who_lacks_it(self) -> None:
        request = asked("GET", permissions=frozenset(Permission) - {Permission.CLUB_VIEW})
        assert not DeclaredPermission().has_permission(request, Declaring())

    def test_grants_what_is_public_to_nobody_in_particular(self) -> None:
        request: Any = SimpleNamespace(method="POST", user=Anonymous())
        assert DeclaredPermission().has_permission(request, Declaring())

    def test_denies_a_method_that_is_served_but_not_declared(self) -> None:
        request = asked("PATCH", permissions=frozenset(Permission))
        assert not DeclaredPermission().has_permission(request, Declaring())

    @pytest.mark.parametrize("method", ["DELETE", "OPTIONS", "TRACE", ""])
    def test_says_that_a_method_is_not_served(self, method: str) -> None:
        with pytest.raises(MethodNotAllowed):
            DeclaredPermission().has_permission(asked(method), Declaring())

    def test_guards_the_routes(self, customer_a: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
        """A customer must not see customers; without the guard they do."""
        assert customer_a.get("customers").status_code == 403
        monkeypatch.setattr(DeclaredPermission, "has_permission", lambda *args: True)
        assert customer_a.get("customers").status_code == 200
