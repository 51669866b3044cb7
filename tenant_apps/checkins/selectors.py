from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Exists, F, OuterRef, QuerySet, Subquery
from django.db.models.expressions import RawSQL
from django.db.models.functions import Coalesce

from platform_shared.kit.errors import NotFound
from platform_shared.kit.ordering import Sort
from platform_shared.tenancy.pipeline import Given
from tenant_apps.checkins.enums import Kind, Result
from tenant_apps.checkins.models import Annulment, CheckIn
from tenant_apps.customers import selectors as customer_selectors

BY_TIME = Sort("scanned_at", ("scanned_at",))
SINCE = Sort("since", ("scanned_at",))
# The entries of those whose last accepted, not annulled scan since a moment is one. Who has been
# merged into somebody since is that one person.
INSIDE_SQL = """
    SELECT id, location_id FROM (
        SELECT DISTINCT ON (coalesce(merge.survivor_id, scan.customer_id))
            scan.id, scan.kind, scan.location_id
        FROM checkins_checkin AS scan
        LEFT JOIN customers_merge AS merge ON merge.duplicate_id = scan.customer_id
        WHERE scanned_at >= %s AND result = 'accepted'
        AND NOT EXISTS (SELECT FROM checkins_annulment WHERE check_in_id = scan.id)
        ORDER BY coalesce(merge.survivor_id, scan.customer_id), scanned_at DESC, scan.id DESC
    ) AS last
    WHERE kind = 'entry'
"""


def list_check_ins() -> QuerySet[CheckIn]:
    """Return the log with what its rows show."""
    return CheckIn.objects.select_related("customer", "subscription", "location", "annulment")


def list_annulments() -> QuerySet[Annulment]:
    """Return the annulments, each with its check-in and what that shows."""
    return Annulment.objects.select_related(
        "check_in__customer", "check_in__subscription", "check_in__location"
    )


def list_of_customer(customer_id: UUID) -> QuerySet[CheckIn]:
    """Return one customer's part of the log."""
    return of_customer(list_check_ins(), customer_id)


def of_customer(check_ins: QuerySet[CheckIn], customer_id: UUID) -> QuerySet[CheckIn]:
    """Return those of ``check_ins`` that are the customer's, or of who was merged into them."""
    own = customer_selectors.with_merged(customer_selectors.ids_of(customer_id))
    return check_ins.filter(customer_id__in=own)


def get_check_in(check_in_id: UUID, *, customer_id: UUID | None = None) -> CheckIn:
    """Return the check-in; with ``customer_id`` only if it is that customer's.

    Raises:
        NotFound: there is none.
    """
    check_ins = list_check_ins() if customer_id is None else list_of_customer(customer_id)
    check_in = check_ins.filter(pk=check_in_id).first()
    if check_in is None:
        raise NotFound("No such check-in.")
    return check_in


def by_scan_id(scan_id: Given[UUID]) -> QuerySet[CheckIn, UUID]:
    """Return the id of the check-in that this scan made before."""
    return CheckIn.objects.filter(scan_id=scan_id).values_list("id", flat=True)


def last_moves(
    customers: QuerySet[Any, Any],
) -> QuerySet[CheckIn, tuple[str, datetime, UUID | None]]:
    """Return the last accepted, not annulled scan of ``customers`` (ids).

    It is (kind, scanned_at, location id). A scan of who was merged into them is theirs.

    The last of each person is looked up by itself: sorting all that they ever did would take longer
    with each visit.
    """
    last = CheckIn.objects.filter(
        customer_id=OuterRef("pk"), result=Result.ACCEPTED, annulment__isnull=True
    ).order_by("-scanned_at", "-id")
    people = customer_selectors.by_ids(customer_selectors.with_merged(customers))
    return (
        CheckIn.objects.filter(pk__in=people.values_list(Subquery(last.values("pk")[:1])))
        .order_by("-scanned_at", "-id")
        .values_list("kind", "scanned_at", "location_id")[:1]
    )


def other_visits(check_in: CheckIn) -> QuerySet[CheckIn]:
    """Return the accepted, not annulled entries on the same subscription but this one."""
    return CheckIn.objects.filter(
        subscription=check_in.subscription,
        kind=Kind.ENTRY,
        result=Result.ACCEPTED,
        annulment__isnull=True,
    ).exclude(pk=check_in.pk)


def inside(since: datetime) -> QuerySet[CheckIn]:
    """Return the entries of those who are inside; each is at the location of the entry.

    Inside is whose last accepted, not annulled scan is an entry. ``since`` is the club's last
    night: who came before it counts as gone, with or without an exit.
    """
    ids = f"SELECT id FROM ({INSIDE_SQL}) AS inside"  # noqa: S608 - constant text
    entries = RawSQL(ids, (since,))  # noqa: S611 - the same
    return CheckIn.objects.select_related("customer").filter(pk__in=entries)


def visits(since: datetime, until: datetime) -> QuerySet[Any, Any]:
    """Return the accepted entries in a half-open span that were not annulled.

    ``visitor`` is whose visit it was: the customer, or whom they were merged into since;
    whether anybody was is asked at once.
    """
    entries = CheckIn.objects.filter(
        scanned_at__gte=since,
        scanned_at__lt=until,
        kind=Kind.ENTRY,
        result=Result.ACCEPTED,
    ).exclude(Exists(Annulment.objects.filter(check_in=OuterRef("pk"))))
    # By a join that finds nothing PostgreSQL would expect a single row of a million.
    if not customer_selectors.any_is_merged():  # then the two tables more would be for nothing
        return entries.annotate(visitor=F("customer_id"))
    return entries.annotate(visitor=Coalesce("customer__merge__survivor_id", "customer_id"))
