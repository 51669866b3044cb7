"""What stands before every view, whoever calls: the club's status, the record of support."""

from typing import Any

from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from platform_shared.clubs import services
from platform_shared.clubs.enums import ClubStatus
from platform_shared.kit import clock, context
from platform_shared.kit.errors import DomainError
from platform_shared.kit.principal import Principal
from platform_shared.tenancy import binding
from platform_shared.tenancy.club_ref import ClubRef
from platform_shared.tenancy.errors import ClubSuspended


def _support(request: Request) -> Principal | None:
    """Return the caller if it is a support session."""
    caller: object = request.user
    return caller if isinstance(caller, Principal) and caller.support else None


class ClubServes(BasePermission):
    """A suspended club answers 403, except where the view says otherwise and to support."""

    @staticmethod
    def refusals(view: Any, method: str) -> tuple[type[DomainError], ...]:
        """Return what a suspended club answers with."""
        closes = view.on_club_hosts and not view.allowed_when_suspended
        return (ClubSuspended,) if closes else ()

    def has_permission(self, request: Request, view: Any) -> bool:
        club = binding.current()
        if not isinstance(club, ClubRef) or club.status == ClubStatus.ACTIVE:
            return True
        if getattr(view, "allowed_when_suspended", False) or _support(request) is not None:
            return True
        raise ClubSuspended


class SupportIsRecorded(BasePermission):
    """Every write that a support session asks for is on record before it is carried out."""

    def has_permission(self, request: Request, view: Any) -> bool:
        support = _support(request)
        if support is not None and request.method not in SAFE_METHODS:
            services.record_support_action(
                session_id=support.session_id,
                method=request.method or "",
                path=request.path,
                request_id=context.request_id.get() or "",
                now=clock.now(),
            )
        return True
