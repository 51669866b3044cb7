from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from platform_shared.kit.errors import FieldError, InvalidInput
from platform_shared.kit.money import Money
from platform_shared.kit.preconditions import UNCONDITIONAL, Precondition
from platform_shared.tenancy import binding
from tenant_apps.locations import selectors as location_selectors
from tenant_apps.packages import selectors
from tenant_apps.packages.enums import PackageType, ValidFrom
from tenant_apps.packages.errors import PackageArchived
from tenant_apps.packages.models import Package


def create_package(*, now: datetime, fields: dict[str, Any]) -> Package:
    """Add a package.

    Raises:
        InvalidInput: naming the field that does not fit the others or the club.
    """
    package = Package(created_at=now)
    _apply(package, fields, now)
    package.save(force_insert=True)
    return package


def change_package(
    *,
    package_id: UUID,
    changes: dict[str, Any],
    now: datetime,
    precondition: Precondition = UNCONDITIONAL,
) -> Package:
    """Change a package; what was bought before keeps its terms.

    ``is_archived`` takes it off every list of what is for sale, or brings it back, inactive.

    Locks: the package.

    Raises:
        NotFound: no such package.
        PreconditionFailed: it is no longer as the caller has seen it.
        PackageArchived: it was to be made active without being brought back.
        InvalidInput: naming the field that does not fit.
    """
    with transaction.atomic():
        selectors.get_package(package_id)
        package = Package.objects.select_for_update(of=("self",)).get(pk=package_id)
        precondition.require(package)
        _apply(package, changes, now)
        package.save()
        return package


def _apply(package: Package, fields: dict[str, Any], now: datetime) -> None:
    """Set ``fields`` (as the API names them) and refuse a package that makes no sense."""
    for name, value in fields.items():
        match name:
            case "price":
                package.price_amount, package.price_currency = value.amount, value.currency
            case "duration":
                package.duration_unit = value["unit"] if value else None
                package.duration_count = value["count"] if value else None
            case "credits":
                package.package_credits = value
            case "freezing":
                package.freeze_days, package.freeze_times = value["days"], value["times"]
            case "is_archived":
                package.archived_at = (package.archived_at or now) if value else None
                package.is_active = package.is_active and not value
            case _:
                setattr(package, name, value)
    if package.archived_at is not None and (package.is_active or fields.get("is_active")):
        raise PackageArchived
    _check(package)


def _check(package: Package) -> None:
    club = binding.current_club()
    price = Money(package.price_amount, package.price_currency)
    if price.currency != club.currency:
        raise InvalidInput(
            FieldError("price.currency", "wrong_currency", f"The club sells in {club.currency}.")
        )
    if package.type == PackageType.CREDITS and not package.package_credits:
        raise InvalidInput(FieldError("credits", "required", "A credits package needs credits."))
    if package.type == PackageType.PERIOD and package.package_credits is not None:
        raise InvalidInput(FieldError("credits", "not_allowed", "A period package has no credits."))
    if package.type == PackageType.PERIOD and package.duration_unit is None:
        raise InvalidInput(FieldError("duration", "required", "A period package needs a duration."))
    if package.valid_from == ValidFrom.FIRST_VISIT and package.duration_unit is None:
        raise InvalidInput(
            FieldError("duration", "required", "From the first visit on there must be a duration.")
        )
    _check_locations(package)


def _check_locations(package: Package) -> None:
    """Refuse rules for locations that the club does not have, each by its place in the payload."""
    named = {
        (i, j): UUID(location)
        for i, rule in enumerate(package.access_rules)
        for j, location in enumerate(rule.get("locations") or ())
    }
    if not named:
        return
    known = set(location_selectors.list_locations().values_list("id", flat=True))
    unknown = [
        FieldError(f"access_rules.{i}.locations.{j}", "does_not_exist", "No such location.")
        for (i, j), location in named.items()
        if location not in known
    ]
    if unknown:
        raise InvalidInput(*unknown)
