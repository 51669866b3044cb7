"""How full the club and its locations are, and what the door needs to keep them from overfilling.

A place is taken by whoever ``selectors.inside`` names. What the door needs travels in a batch of
``tenancy.pipeline``: ``LOCK_SQL``, then ``capacity_rows``. Where no capacity is set, the first
locks and the second counts nothing.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Count, QuerySet
from django.db.models.expressions import RawSQL

from platform_shared.clubs import selectors as club_selectors
from platform_shared.kit import clock, locks
from platform_shared.tenancy import binding
from platform_shared.tenancy.pipeline import Given
from tenant_apps.checkins import selectors
from tenant_apps.locations import selectors as location_selectors

NOWHERE = UUID(int=0)

# Capacity and number inside, of the club, then of a location.
Counts = tuple[int | None, int | None, int | None, int | None]

# Takes the places of the club, then those of the location, where a capacity is set, until the
# transaction ends. Whoever takes both takes them in this order.
LOCK_SQL = """
    SELECT pg_advisory_xact_lock(%s) FROM clubs_club WHERE id = %s AND capacity IS NOT NULL
    UNION ALL
    SELECT pg_advisory_xact_lock(%s) FROM locations_location
    WHERE id = %s AND capacity IS NOT NULL
"""

# A subquery that depends on nothing outside runs when its value is asked for: in the branch of a
# CASE that is not taken, never. Constant text, because compiling these as querysets takes longer
# than most clubs take to count.
_COUNT_SQL = f"SELECT count(*) FROM ({selectors.INSIDE_SQL}) AS inside"  # noqa: S608
_LOCATION_SQL = "SELECT capacity FROM locations_location WHERE id = %s"
_IN_CLUB_SQL = f"CASE WHEN capacity IS NOT NULL THEN ({_COUNT_SQL}) END"
_IN_LOCATION_SQL = (
    f"CASE WHEN ({_LOCATION_SQL}) IS NOT NULL THEN ({_COUNT_SQL} WHERE location_id = %s) END"
)


@dataclass(frozen=True, slots=True)
class Room:
    """How many are inside, and how many may be; None: any number."""

    inside: int
    capacity: int | None

    @property
    def free(self) -> int | None:
        return None if self.capacity is None else max(self.capacity - self.inside, 0)


@dataclass(frozen=True, slots=True)
class LocationRoom(Room):
    id: UUID
    name: str


@dataclass(frozen=True, slots=True)
class Occupancy(Room):
    as_of: datetime
    locations: list[LocationRoom]


def last_night(now: datetime) -> datetime:
    """Return the bound club's last night: who came in before it counts as gone."""
    club = binding.current_club()
    return clock.last_night(now, club.night_at, club.time_zone)


def get_occupancy(now: datetime) -> Occupancy:
    """Return how full the club is, and each location that is active or has somebody in it."""
    ((capacity,),) = club_selectors.capacity_rows(binding.current_club().id)
    entries = selectors.inside(last_night(now)).order_by()
    inside = dict(entries.values_list("location_id").annotate(n=Count("id")))
    return Occupancy(
        inside=sum(inside.values()),
        capacity=capacity,
        as_of=now,
        locations=[
            LocationRoom(inside.get(row.id, 0), row.capacity, row.id, row.name)
            for row in location_selectors.list_locations().order_by("name")
            if row.is_active or row.id in inside
        ],
    )


def lock_params(location_id: UUID | None) -> tuple[Any, ...]:
    """Return what ``LOCK_SQL`` needs to lock the bound club's places, and the location's."""
    club_id = binding.current_club().id
    return (
        locks.number(str(club_id), "capacity"),
        club_id,
        locks.number(str(club_id), "capacity", str(location_id)),
        location_id or NOWHERE,
    )


def capacity_rows(
    club_id: Given[UUID], location_id: Given[UUID], since: Given[datetime]
) -> QuerySet[Any, Counts]:
    """Return the one row of capacity and number inside, of the club, then of the location.

    ``since`` is ``last_night(now)``, and ``location_id`` is ``NOWHERE`` where none is named. People
    are counted only where a capacity is set, else that is None. What ``LOCK_SQL`` locked before
    stays true.
    """
    rows: QuerySet[Any, Counts] = club_selectors.capacity_rows(club_id).annotate(
        in_club=RawSQL(_IN_CLUB_SQL, (since,)),  # noqa: S611
        location=RawSQL(_LOCATION_SQL, (location_id,)),  # noqa: S611
        in_location=RawSQL(  # noqa: S611
            _IN_LOCATION_SQL, (location_id, since, location_id)
        ),
    )
    return rows


def is_full(row: Counts, *, is_inside: bool, is_at_location: bool) -> bool:
    """Return whether one more entry would not fit, by a row of ``capacity_rows``.

    Who is inside already and scans again takes no second place: ``is_inside`` says that they are
    counted in the club, ``is_at_location`` in this very location.
    """
    club, in_club, location, in_location = row
    return (club is not None and (in_club or 0) - is_inside >= club) or (
        location is not None and (in_location or 0) - is_at_location >= location
    )
