"""Which kinds of codes a club's doors accept; desks issue no others."""

from typing import Any

from tenant_apps.qr_codes.enums import CodeKind
from tenant_apps.qr_codes.errors import NoKindOfCodeLeft


def accepted(*, accepts_static_codes: bool) -> frozenset[CodeKind]:
    """Return the kinds that a club with this setting accepts."""
    refused = frozenset() if accepts_static_codes else {CodeKind.STATIC}
    return frozenset(CodeKind) - refused


def require_one(changes: dict[str, Any]) -> None:
    """Refuse settings with which no code of any kind would open the club's doors.

    Raises:
        NoKindOfCodeLeft: static codes are switched off and there is no other kind.
    """
    setting = changes.get("accepts_static_codes", True)
    if not accepted(accepts_static_codes=setting):
        raise NoKindOfCodeLeft("There is no other kind of code that doors could accept instead.")
