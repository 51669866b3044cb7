"""A door of the bound club, for tests: scans with the clock in hand."""

from datetime import datetime
from uuid import UUID

from platform_shared.kit.ids import new_id
from platform_shared.kit.principal import stamp
from tenant_apps.checkins import services
from tenant_apps.checkins.enums import Kind
from tenant_apps.checkins.models import Annulment, CheckIn
from tenant_apps.checkins.services import Answer, Scan
from tests.tenant_apps.sales.desk import STAFF


def scan(
    code: str | None = None,
    *,
    at: datetime,
    kind: Kind = Kind.ENTRY,
    customer: UUID | None = None,
    location: UUID | None = None,
    scan_id: UUID | None = None,
) -> Answer:
    """Present a code (or a customer in its place) at a moment."""
    asked = Scan(
        scan_id=scan_id or new_id(),
        kind=kind,
        code=code,
        customer_id=customer,
        location_id=location,
    )
    return services.record_scan(scan=asked, now=at, actor=STAFF)


def reason(code: str | None = None, *, at: datetime, **asked: object) -> str:
    """Return only what the door says."""
    return scan(code, at=at, **asked).check_in.reason  # type: ignore[arg-type]


def annul(check_in_id: UUID, *, at: datetime, why: str = "") -> Annulment:
    """Take a check-in back."""
    return services.annul_check_in(check_in_id=check_in_id, reason=why, now=at, actor=STAFF)


def log(
    customer: UUID,
    kind: str,
    *,
    at: datetime,
    location: UUID | None = None,
    reason: str = "ok",
    annulled: bool = False,
) -> CheckIn:
    """Write a row of the log, as a door with that answer would have left it."""
    check_in = CheckIn.objects.create(
        scan_id=new_id(),
        request_hash=b"",
        kind=kind,
        method="code",
        result="accepted" if reason == "ok" else "refused",
        reason=reason,
        scanned_at=at,
        customer_id=customer,
        location_id=location,
        **stamp(STAFF),
    )
    if annulled and reason == "ok":
        Annulment.objects.create(
            check_in=check_in, credit_returned=False, annulled_at=at, **stamp(STAFF)
        )
    return check_in
