from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from platform_shared.clubs import services as club_services
from platform_shared.kit import locks
from platform_shared.kit.preconditions import UNCONDITIONAL, Precondition
from platform_shared.plans.enums import Limit
from platform_shared.tenancy import binding
from tenant_apps.locations import selectors
from tenant_apps.locations.errors import LocationNameTaken
from tenant_apps.locations.models import Location


def create_location(*, name: str, now: datetime, **fields: Any) -> Location:
    """Add a location; ``fields`` are the model's others.

    Raises:
        LocationNameTaken: another one is called so.
        PlanLimitReached: the plan has no room.
    """
    with transaction.atomic():
        _claim_name(name)
        _require_room()
        return Location.objects.create(name=name, **fields, created_at=now)


def change_location(
    *, location_id: UUID, changes: dict[str, Any], precondition: Precondition = UNCONDITIONAL
) -> Location:
    """Rename, deactivate or reactivate a location.

    Locks: the location, then its new name (advisory).

    Raises:
        NotFound: no such location.
        PreconditionFailed: it is no longer as the caller has seen it.
        LocationNameTaken: another one is called so.
        PlanLimitReached: reactivating would exceed the plan.
    """
    with transaction.atomic():
        location = selectors.lock_location(location_id)
        precondition.require(location)
        if "name" in changes and changes["name"] != location.name:
            _claim_name(changes["name"])
        if changes.get("is_active") and not location.is_active:
            _require_room()
        for field, value in changes.items():
            setattr(location, field, value)
        location.save(update_fields=list(changes) or ["name"])
        return location


def _claim_name(name: str) -> None:
    locks.take("location-name", binding.scope(), name)
    if Location.objects.filter(name=name).exists():
        raise LocationNameTaken


def _require_room() -> None:
    club_services.require_room(Limit.LOCATIONS, selectors.list_active())
