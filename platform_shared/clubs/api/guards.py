"""What stands before every view, whoever calls: the club's status, the record of support."""

from typing import Any

from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from platform_shared.clubs import services
from platform_shared.clubs.enums import ClubStatus
from platform_shared.kit import clock, context
from platform_shared.tenancy import binding
from platform_shared.tenancy.club_ref import ClubRef
from platform_shared.tenancy.errors import ClubSuspended


class ClubServes(BasePermission):
    """A suspended club answers 403, except where the view says otherwise and to support."""

    def has_permission(self, request: Request, view: Any) -> bool:
        club = binding.current()
        if not isinstance(club, ClubRef) or club.status == ClubStatus.ACTIVE:
            return True
        if getattr(view, "allowed_when_suspended", False) or request.user.support:
            return True
        raise ClubSuspended


class SupportIsRecorded(BasePermission):
    """Every write that a support session asks for is on record before it is carried out."""

    def has_permission(self, request: Request, view: Any) -> bool:
        if request.user.support and request.method not in SAFE_METHODS:
            services.record_support_action(
                session_id=request.user.session_id,
                method=request.method or "",
                path=request.path,
                request_id=context.request_id.get() or "",
                now=clock.now(),
            )
        return True
