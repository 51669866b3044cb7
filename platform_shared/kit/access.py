"""Roles and permissions, on one screen; ``docs/permissions.md`` is generated from here.

A view declares one permission per method. What it does not declare is denied.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from rest_framework.exceptions import MethodNotAllowed
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from platform_shared.kit.errors import DomainError, Forbidden, Unauthenticated


class Role(StrEnum):
    SYSTEM_ADMIN = "system_admin"
    CLUB_ADMIN = "club_admin"
    CLUB_STAFF = "club_staff"
    CUSTOMER = "customer"


class Permission(StrEnum):
    """What an account may do; the first word is the row of the matrix it hangs under."""

    CLUBS_MANAGE = "clubs.manage"
    CLUBS_SUPPORT = "clubs.support"
    USERS_MANAGE = "users.manage"
    CLUB_VIEW = "club.view"
    CLUB_MANAGE = "club.manage"
    LOCATIONS_VIEW = "locations.view"
    LOCATIONS_MANAGE = "locations.manage"
    PACKAGES_VIEW = "packages.view"
    PACKAGES_MANAGE = "packages.manage"
    PACKAGES_PURCHASE = "packages.purchase"
    CUSTOMERS_MANAGE = "customers.manage"
    CUSTOMERS_INVITE = "customers.invite"
    CUSTOMERS_MERGE = "customers.merge"
    CUSTOMERS_EXPORT = "customers.export"
    CUSTOMERS_IMPORT = "customers.import"
    SUBSCRIPTIONS_VIEW = "subscriptions.view"
    SUBSCRIPTIONS_MANAGE = "subscriptions.manage"
    SUBSCRIPTIONS_GRANT = "subscriptions.grant"
    CREDITS_ADJUST = "credits.adjust"
    SALES_CREATE = "sales.create"
    PAYMENTS_VIEW = "payments.view"
    PAYMENTS_CONFIRM = "payments.confirm"
    INVOICES_VIEW = "invoices.view"
    QR_CODES_MANAGE = "qr_codes.manage"
    DOOR_SCAN = "door.scan"
    DOOR_CHECK_IN_WITHOUT_CODE = "door.check_in_without_code"
    CHECK_INS_VIEW = "check_ins.view"
    CHECK_INS_ANNUL = "check_ins.annul"
    REPORTS_VIEW = "reports.view"
    REPORTS_VIEW_OWN = "reports.view_own"
    OWN_VIEW = "own.view"
    OWN_CHANGE = "own.change"
    API_KEYS_MANAGE = "api_keys.manage"


P = Permission

_EVERYONE = {P.OWN_VIEW, P.OWN_CHANGE, P.CLUB_VIEW, P.PACKAGES_VIEW}
_STAFF = _EVERYONE | {
    P.LOCATIONS_VIEW,
    P.CUSTOMERS_MANAGE,
    P.CUSTOMERS_INVITE,
    P.CUSTOMERS_MERGE,
    P.SUBSCRIPTIONS_VIEW,
    P.SUBSCRIPTIONS_MANAGE,
    P.SALES_CREATE,
    P.PAYMENTS_VIEW,
    P.PAYMENTS_CONFIRM,
    P.INVOICES_VIEW,
    P.QR_CODES_MANAGE,
    P.DOOR_SCAN,
    P.DOOR_CHECK_IN_WITHOUT_CODE,
    P.CHECK_INS_VIEW,
    P.CHECK_INS_ANNUL,
    P.REPORTS_VIEW,
}
_CLUB_ADMIN = _STAFF | {
    P.USERS_MANAGE,
    P.CLUB_MANAGE,
    P.LOCATIONS_MANAGE,
    P.PACKAGES_MANAGE,
    P.SUBSCRIPTIONS_GRANT,
    P.CREDITS_ADJUST,
    P.CUSTOMERS_EXPORT,
    P.CUSTOMERS_IMPORT,
    P.API_KEYS_MANAGE,
}

ROLE_PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.SYSTEM_ADMIN: frozenset(_CLUB_ADMIN | {P.CLUBS_MANAGE, P.CLUBS_SUPPORT}),
    Role.CLUB_ADMIN: frozenset(_CLUB_ADMIN),
    Role.CLUB_STAFF: frozenset(_STAFF),
    Role.CUSTOMER: frozenset(_EVERYONE | {P.PACKAGES_PURCHASE, P.REPORTS_VIEW_OWN}),
}


# What an API key can be given: the club's daily business. Not what makes logins or other keys (an
# invitation answers with the link that sets a password), so that who finds a key gets no more than
# the key; not the club's settings, which hold for all of it and which a person answers for; and
# nothing of one's own: a program is nobody.
PROGRAMMABLE = frozenset(
    {
        P.CLUB_VIEW,
        P.LOCATIONS_VIEW,
        P.LOCATIONS_MANAGE,
        P.PACKAGES_VIEW,
        P.PACKAGES_MANAGE,
        P.CUSTOMERS_MANAGE,
        P.CUSTOMERS_MERGE,
        P.CUSTOMERS_EXPORT,
        P.CUSTOMERS_IMPORT,
        P.SUBSCRIPTIONS_VIEW,
        P.SUBSCRIPTIONS_MANAGE,
        P.SUBSCRIPTIONS_GRANT,
        P.CREDITS_ADJUST,
        P.SALES_CREATE,
        P.PAYMENTS_VIEW,
        P.PAYMENTS_CONFIRM,
        P.INVOICES_VIEW,
        P.QR_CODES_MANAGE,
        P.DOOR_SCAN,
        P.DOOR_CHECK_IN_WITHOUT_CODE,
        P.CHECK_INS_VIEW,
        P.CHECK_INS_ANNUL,
        P.REPORTS_VIEW,
    }
)


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the agreed matrix: what one permission says of each role.

    ``per_club`` rows reach no further than the account's own club; ``own`` is the permission that
    some have over what is theirs.
    """

    permission: Permission
    per_club: bool = False
    own: Permission | None = None

    def cell(self, role: Role) -> str:
        """Return what the matrix says of ``role``."""
        granted = ROLE_PERMISSIONS[role]
        if self.permission in granted:
            inside = role in (Role.CLUB_ADMIN, Role.CLUB_STAFF)
            return "own club" if self.per_club and inside else "yes"
        return "own" if self.own in granted else "–"


MATRIX: dict[str, Row] = {
    "Manage clubs": Row(P.CLUBS_MANAGE),
    "Create users": Row(P.USERS_MANAGE, per_club=True),
    "Manage packages": Row(P.PACKAGES_MANAGE, per_club=True),
    "Scan QR codes": Row(P.DOOR_SCAN),
    "View reports": Row(P.REPORTS_VIEW, per_club=True, own=P.REPORTS_VIEW_OWN),
    "Manage customers": Row(P.CUSTOMERS_MANAGE, per_club=True),
    "Purchase packages": Row(P.PACKAGES_PURCHASE),
    "View own data": Row(P.OWN_VIEW),
}


class Open(StrEnum):
    """What a method declares instead of a permission: it is for everybody, or for any API key."""

    PUBLIC = "public"
    API_KEY = "api_key"


Rule = Permission | Open


def rule_of(view: Any, method: str) -> Rule | None:
    """Return what ``view`` declares for the HTTP ``method``, or None: undeclared, so denied."""
    declared: dict[str, Rule] = getattr(view, "access", {})
    return declared.get("GET" if method == "HEAD" else method)


class DeclaredPermission(BasePermission):
    """Grants what the view declares for the method, and nothing else."""

    @staticmethod
    def refusals(view: Any, method: str) -> tuple[type[DomainError], ...]:
        """Return what a caller is refused with; on the platform's host there is one role alone."""
        if rule_of(view, method) is Open.PUBLIC:
            return ()
        return (Unauthenticated, Forbidden) if view.on_club_hosts else (Unauthenticated,)

    def has_permission(self, request: Request, view: Any) -> bool:
        method = request.method or ""
        rule = rule_of(view, method)
        if rule is None:
            if method not in view.allowed_methods:
                raise MethodNotAllowed(method)
            return False
        granted: frozenset[Permission] = getattr(request.user, "permissions", frozenset())
        if rule is Open.API_KEY:
            return bool(getattr(request.user, "is_program", False))
        return rule is Open.PUBLIC or rule in granted
