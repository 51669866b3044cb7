"""Customers as a file, however many there are."""

import codecs
from collections.abc import Iterator

from django.db.models import QuerySet

from platform_shared.tenancy import binding
from platform_shared.tenancy.club_ref import ClubRef
from tenant_apps.customers import sheets
from tenant_apps.customers.models import Customer

CHUNK = 1_000


def csv_of(customers: QuerySet[Customer], *, bom: bool) -> Iterator[bytes]:
    """Return the parts of a CSV file of ``customers``, oldest first; ``bom`` is for Excel.

    They are made after the request has let go of its club, so each part binds the club for
    itself: between two parts the thread belongs to nobody, and neither a transaction nor a cursor
    waits for a slow client. Who is added meanwhile comes at the end.
    """
    return _parts(binding.current_club(), customers, bom)


def _parts(club: ClubRef, customers: QuerySet[Customer], bom: bool) -> Iterator[bytes]:
    yield (codecs.BOM_UTF8 if bom else b"") + sheets.header()
    left = customers.prefetch_related("home_locations__location").order_by("id")
    part = _read(club, left)
    while part:
        yield sheets.lines_of(part)
        part = _read(club, left.filter(pk__gt=part[-1].pk))


def _read(club: ClubRef, customers: QuerySet[Customer]) -> list[Customer]:
    with binding.club(club):
        return list(customers[:CHUNK])
