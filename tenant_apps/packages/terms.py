"""The terms of a package: what a purchase copies, so that later edits change nothing."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, time
from typing import Any, Self
from uuid import UUID
from zoneinfo import ZoneInfo

from dateutil.relativedelta import relativedelta
from django.db import models

from platform_shared.kit.money import Money
from tenant_apps.packages.enums import DurationUnit, PackageType, Purpose, Renewal, ValidFrom


@dataclass(frozen=True, slots=True)
class AccessRule:
    """When and where a package opens the door, in the club's zone.

    ``weekdays`` are ISO numbers (1 = Monday); the hours are half-open, and ``until`` None means
    the end of the day. Without ``locations`` a rule holds everywhere; with some it holds there, and
    not where a scan does not say where it was.
    """

    weekdays: tuple[int, ...]
    since: time
    until: time | None
    locations: frozenset[UUID] = frozenset()

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        until = data.get("until")
        return cls(
            weekdays=tuple(data["weekdays"]),
            since=time.fromisoformat(data["from"]),
            until=time.fromisoformat(until) if until else None,
            locations=frozenset(map(UUID, data.get("locations") or ())),
        )

    def allows(self, local: datetime, location_id: UUID | None = None) -> bool:
        """Return whether the rule lets in at a local date and time, at a location."""
        hour = local.time()
        return (
            (not self.locations or location_id in self.locations)
            and local.isoweekday() in self.weekdays
            and self.since <= hour
            and (self.until is None or hour < self.until)
        )


def is_open(
    rules: Iterable[AccessRule],
    moment: datetime,
    time_zone: str,
    location_id: UUID | None = None,
) -> bool:
    """Return whether any rule lets in at ``moment``; no rules at all mean always, everywhere."""
    rules = tuple(rules)
    local = moment.astimezone(ZoneInfo(time_zone))
    return not rules or any(rule.allows(local, location_id) for rule in rules)


def end_of(start: datetime, unit: str, count: int, time_zone: str) -> datetime:
    """Return the exclusive end of ``count`` units from ``start``, by the club's calendar.

    The wall-clock time of the start is kept across daylight saving; a month from the 31st ends on
    the last day of a shorter month.
    """
    local = start.astimezone(ZoneInfo(time_zone)).replace(tzinfo=None)
    shifted: datetime = local + relativedelta(**{f"{unit}s": count})  # type: ignore[arg-type]
    return shifted.replace(tzinfo=ZoneInfo(time_zone)).astimezone(UTC)


def moved(moment: datetime, since: datetime, until: datetime, time_zone: str) -> datetime:
    """Return ``moment`` later by the span from ``since`` to ``until``, by the club's calendar.

    What ends at midnight ends at midnight after a rest of whole days, whatever the clocks did in
    it; ``until`` before ``since`` moves it back.
    """
    zone = ZoneInfo(time_zone)
    local, first, last = (m.astimezone(zone).replace(tzinfo=None) for m in (moment, since, until))
    return (local + (last - first)).replace(tzinfo=zone).astimezone(UTC)


class Terms(models.Model):
    """Abstract: the columns of the terms, the same on a package and on what was bought."""

    type = models.CharField(max_length=8, choices=PackageType.choices)
    price_amount = models.PositiveBigIntegerField()
    price_currency = models.CharField(max_length=3)
    tax_rate_basis_points = models.PositiveIntegerField(default=0)
    package_credits = models.PositiveIntegerField(null=True)
    duration_unit = models.CharField(  # noqa: DJ001 - null with the count, or neither
        max_length=5, choices=DurationUnit.choices, null=True
    )
    duration_count = models.PositiveIntegerField(null=True)
    features = models.JSONField(default=list)
    renewal = models.CharField(max_length=9, choices=Renewal.choices, default=Renewal.NONE)
    access_rules = models.JSONField(default=list)
    purpose = models.CharField(
        max_length=7, choices=Purpose.choices, default=Purpose.REGULAR, db_default=Purpose.REGULAR
    )
    valid_from = models.CharField(
        max_length=11,
        choices=ValidFrom.choices,
        default=ValidFrom.PURCHASE,
        db_default=ValidFrom.PURCHASE,
    )
    max_members = models.PositiveSmallIntegerField(default=0, db_default=0)
    freeze_days = models.PositiveIntegerField(null=True)
    freeze_times = models.PositiveIntegerField(null=True)

    class Meta:
        abstract = True

    @property
    def price(self) -> Money:
        return Money(self.price_amount, self.price_currency)

    @property
    def duration(self) -> dict[str, Any] | None:
        if self.duration_unit is None:
            return None
        return {"unit": self.duration_unit, "count": self.duration_count}

    @property
    def freezing(self) -> dict[str, int | None]:
        return {"days": self.freeze_days, "times": self.freeze_times}

    @property
    def rules(self) -> tuple[AccessRule, ...]:
        return tuple(AccessRule.from_json(rule) for rule in self.access_rules)

    def end_from(self, starts_at: datetime, time_zone: str) -> datetime | None:
        """Return when what starts at ``starts_at`` ends; None: never."""
        if self.duration_unit is None or self.duration_count is None:
            return None
        return end_of(starts_at, self.duration_unit, self.duration_count, time_zone)


TERMS_FIELDS = tuple(field.name for field in Terms._meta.local_fields)


def copy_of(terms: Terms) -> dict[str, Any]:
    """Return the terms as keyword arguments for another row."""
    return {name: getattr(terms, name) for name in TERMS_FIELDS}


def constraints(prefix: str) -> list[models.BaseConstraint]:
    """Return the checks that hold for terms wherever they are stored."""
    # Null compares as unknown, which a check lets pass: so null is ruled out by name.
    with_credits = models.Q(
        type=PackageType.CREDITS, package_credits__isnull=False, package_credits__gte=1
    )
    period = models.Q(type=PackageType.PERIOD, package_credits=None, duration_unit__isnull=False)
    no_duration = models.Q(duration_unit=None, duration_count=None)
    duration = models.Q(
        duration_unit__isnull=False,
        duration_unit__in=DurationUnit.values,
        duration_count__isnull=False,
        duration_count__gte=1,
    )
    return [
        models.CheckConstraint(condition=with_credits | period, name=f"{prefix}_type"),
        models.CheckConstraint(condition=no_duration | duration, name=f"{prefix}_duration"),
        models.CheckConstraint(
            condition=models.Q(renewal__in=Renewal.values), name=f"{prefix}_renewal"
        ),
        models.CheckConstraint(
            condition=models.Q(purpose__in=Purpose.values), name=f"{prefix}_purpose"
        ),
        models.CheckConstraint(
            condition=models.Q(valid_from=ValidFrom.PURCHASE)
            | models.Q(valid_from=ValidFrom.FIRST_VISIT, duration_unit__isnull=False),
            name=f"{prefix}_valid_from",
        ),
        models.CheckConstraint(
            condition=models.Q(tax_rate_basis_points__lte=10_000), name=f"{prefix}_tax_rate"
        ),
    ]
