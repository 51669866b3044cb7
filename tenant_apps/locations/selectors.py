from collections.abc import Iterable
from uuid import UUID

from django.db.models import QuerySet

from platform_shared.kit.errors import NotFound
from platform_shared.tenancy.pipeline import Given
from tenant_apps.locations.models import Location


def list_locations() -> QuerySet[Location]:
    """Return the club's locations."""
    return Location.objects.all()


def list_active() -> QuerySet[Location]:
    """Return the locations that count towards the club's plan."""
    return Location.objects.filter(is_active=True)


def get_location(location_id: UUID) -> Location:
    """Return the location.

    Raises:
        NotFound: the club has none with this id.
    """
    location = Location.objects.filter(pk=location_id).first()
    if location is None:
        raise NotFound("No such location.")
    return location


def lock_location(location_id: UUID) -> Location:
    """Return the location, locked until the transaction ends; scans, which name it, do not wait.

    Raises:
        NotFound: the club has none with this id.
    """
    rows = Location.objects.select_for_update(of=("self",), no_key=True)
    location = rows.filter(pk=location_id).first()
    if location is None:
        raise NotFound("No such location.")
    return location


def ids_of(location_id: Given[UUID]) -> QuerySet[Location, UUID]:
    """Return the id if the club has such a location; for callers that batch their queries."""
    return Location.objects.filter(pk=location_id).values_list("id", flat=True)


def capacity_rows(location_id: UUID) -> QuerySet[Location, tuple[int | None]]:
    """Return the one row of how many may be inside the location at once; None: any number."""
    return Location.objects.filter(pk=location_id).values_list("capacity")


def known_ids(location_ids: Iterable[UUID]) -> set[UUID]:
    """Return those of ``location_ids`` that are the club's."""
    return set(Location.objects.filter(pk__in=location_ids).values_list("id", flat=True))
