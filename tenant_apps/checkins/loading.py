"""What a scan is judged by: locked and loaded in one round trip.

The statements are built of the apps' selectors and compiled once; see ``tenancy.pipeline``.
"""

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

from django.db.models import QuerySet, Subquery

from platform_shared.clubs import selectors as club_selectors
from platform_shared.kit import locks
from platform_shared.tenancy import binding, pipeline
from platform_shared.tenancy.pipeline import Param, Statement
from tenant_apps.checkins import occupancy, selectors
from tenant_apps.checkins.enums import Kind
from tenant_apps.customers import selectors as customer_selectors
from tenant_apps.locations import selectors as location_selectors
from tenant_apps.qr_codes import selectors as code_selectors
from tenant_apps.subscriptions import selectors as subscription_selectors

if TYPE_CHECKING:
    from tenant_apps.customers.models import Customer
    from tenant_apps.subscriptions.models import Subscription

NOBODY = UUID(int=0)


class Facts(NamedTuple):
    """What is asked by ids alone, in one row.

    ``earlier`` is the id of the check-in that this very scan made before. ``code_customer`` is None
    where there is no such code, ``public_key`` where there is no such key.
    """

    capacity: int | None
    inside: int | None
    location_capacity: int | None
    inside_location: int | None
    reentry_seconds: int
    enforce_presence: bool
    accepts_static_codes: bool
    earlier: UUID | None
    code_customer: UUID | None
    code_revoked_at: datetime | None
    public_key: bytes | None
    location: UUID | None

    @property
    def counts(self) -> occupancy.Counts:
        return self[:4]


@dataclass(frozen=True, slots=True)
class Loaded:
    """What one round trip brought, all of it read under the locks.

    ``locked`` are the customers whose locks are held, by id. ``last_move`` is the last that stands
    of the customer's: (kind, when, location). ``subscriptions`` stand in the order of charging, and
    ``lots`` in that of drawing: (subscription, id, end).
    """

    facts: Facts
    locked: "dict[UUID, Customer]"
    last_move: tuple[str, datetime, UUID | None] | None
    subscriptions: "list[Subscription]"
    lots: list[tuple[UUID, UUID, datetime | None]]


@cache
def _facts() -> Statement[tuple[Any, ...]]:
    places = occupancy.capacity_rows(Param("club"), Param("location"), Param("night"))
    code = code_selectors.door_rows(Param("code"))
    return Statement(
        places.values_list(
            *("capacity", "in_club", "location", "in_location"),
            *club_selectors.POLICY,
            Subquery(selectors.by_scan_id(Param("scan"))),
            Subquery(code.values("customer_id")),
            Subquery(code.values("revoked_at")),
            Subquery(code_selectors.verifying_keys(Param("key"))),
            Subquery(location_selectors.ids_of(Param("location"))),
        )
    )


@cache
def _of_customers(by_code: bool) -> dict[str, Statement[Any]]:
    """What is asked of the customer whom the code names, or who is named in its place."""
    customers: QuerySet[Any, Any]
    if by_code:
        customers = code_selectors.customers_of(Param("code"))
    else:
        customers = customer_selectors.ids_of(Param("customer"))
    payers = subscription_selectors.payers_of(customers)
    return {
        "lock": Statement(customer_selectors.lock_rows_of(payers).only("name", "is_active")),
        "last_move": Statement(selectors.last_moves(customers)),
        "subscriptions": Statement(subscription_selectors.door_rows(customers)),
        "lots": Statement(subscription_selectors.door_lots(customers)),
    }


def lock_and_load(
    *,
    scan_id: UUID,
    kind: Kind,
    code_id: UUID | None,
    key_id: bytes,
    customer_id: UUID | None,
    location_id: UUID | None,
    night: datetime,
) -> Loaded:
    """Lock whom the scan concerns, then load what it is judged by.

    The customer is the code's, or ``customer_id`` where it stands in the code's place (then
    ``code_id`` is None).

    Locks: see ``services.record_scan``.
    """
    club = binding.current_club()
    whom = {"code": code_id or NOBODY, "customer": customer_id}
    own = _of_customers(customer_id is None)
    with pipeline.batch() as batch:
        batch.execute(locks.SQL, (locks.number(str(club.id), "scan", str(scan_id)),))
        locked = batch.fetch(own["lock"], **whom)
        if kind == Kind.ENTRY:
            batch.execute(occupancy.LOCK_SQL, occupancy.lock_params(location_id))
        # Each statement from here on sees what was committed before the locks were granted.
        facts = batch.fetch(
            _facts(),
            club=club.id,
            scan=scan_id,
            code=whom["code"],
            key=key_id,
            location=location_id or occupancy.NOWHERE,
            night=night,
        )
        last_move = batch.fetch(own["last_move"], **whom)
        subscriptions = batch.fetch(own["subscriptions"], **whom)
        lots = batch.fetch(own["lots"], **whom)
    (found,) = facts.all()  # the bound club has a row
    return Loaded(
        facts=Facts(*found),
        locked={customer.id: customer for customer in locked.all()},
        last_move=last_move.one(),
        subscriptions=subscriptions.all(),
        lots=lots.all(),
    )
