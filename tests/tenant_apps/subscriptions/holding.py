"""Subscriptions in hand, for tests of what is done to them."""

from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction

from platform_shared.due_work.models import DueWork
from platform_shared.kit.ids import new_id
from platform_shared.tenancy import binding, pipeline
from tenant_apps.packages.models import Package
from tenant_apps.subscriptions import services
from tenant_apps.subscriptions.enums import EntryKind
from tenant_apps.subscriptions.models import (
    CreditEntry,
    CreditLot,
    Subscription,
    SubscriptionChange,
)
from tests.support.world import BORN
from tests.tenant_apps.sales.desk import STAFF, new_customer, new_package

DAY, WEEK = timedelta(days=1), timedelta(weeks=1)


def by(now: datetime = BORN) -> dict[str, Any]:
    """Return when something is done, and by whom."""
    return {"now": now, "actor": STAFF}


def grant(
    package: Package | None = None,
    *,
    customer: UUID | None = None,
    starts_at: datetime | None = None,
    now: datetime = BORN,
    **terms: Any,
) -> UUID:
    """Give a (new) customer a subscription to a (new) package; return its id."""
    made = services.grant_subscription(
        customer_id=customer or new_customer().id,
        package_id=(package or new_package(**terms)).id,
        starts_at=starts_at,
        **by(now),
    )
    return made.id


def stored(subscription_id: UUID) -> Subscription:
    """Return the row as it is now."""
    return Subscription.objects.get(pk=subscription_id)


def lots_of(subscription_id: UUID) -> list[tuple[int, datetime | None]]:
    """Return what the lots hold and when they end, oldest first."""
    lots = CreditLot.objects.filter(subscription_id=subscription_id).order_by("id")
    return list(lots.values_list("remaining", "ends_at"))


def changes_of(subscription_id: UUID) -> list[tuple[str, str, str]]:
    """Return what was done to it as (action, status before, status after), oldest first."""
    rows = SubscriptionChange.objects.filter(subscription_id=subscription_id).order_by("id")
    return list(rows.values_list("action", "status_before", "status_after"))


def last_change(subscription_id: UUID) -> SubscriptionChange:
    """Return what was done to it last."""
    return SubscriptionChange.objects.filter(subscription_id=subscription_id).latest("id")


def due_at(subscription_id: UUID) -> datetime | None:
    """Return when something becomes of it next, by the list of due work."""
    entry = DueWork.objects.filter(kind=services.SETTLE, subject_id=subscription_id).first()
    return entry and entry.due_at


def charge(subscription_id: UUID, *, check_in: UUID | None = None) -> UUID:
    """Take one credit of the first lot; return the check-in's id."""
    check_in = check_in or new_id()
    lot = CreditLot.objects.filter(subscription_id=subscription_id).order_by("id")[0]
    with transaction.atomic(), pipeline.batch() as batch:
        services.charge_visit(
            batch,
            subscription=stored(subscription_id),
            lot_id=lot.id,
            check_in_id=check_in,
            **by(),
        )
    return check_in


def give_back(subscription_id: UUID, check_in: UUID, *, now: datetime = BORN) -> None:
    """Return the credit of a check-in."""
    line = CreditEntry.objects.get(check_in_id=check_in, kind=EntryKind.CHECK_IN)
    services.take_back_visit(
        subscription=stored(subscription_id),
        lot_id=line.lot_id,
        check_in_id=check_in,
        was_only_visit=True,
        **by(now),
    )


def freeze(
    subscription_id: UUID,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    now: datetime = BORN,
    why: str = "",
) -> Subscription:
    """Freeze it: from now on, and open, unless told otherwise."""
    return services.freeze_subscription(
        subscription_id=subscription_id, starts_at=since, ends_at=until, reason=why, **by(now)
    )


def unfreeze(subscription_id: UUID, *, now: datetime, why: str = "") -> Subscription:
    """Let the freeze be over."""
    return services.unfreeze_subscription(subscription_id=subscription_id, reason=why, **by(now))


def cancel(subscription_id: UUID, *, now: datetime = BORN, why: str = "") -> Subscription:
    """End it now."""
    return services.cancel_subscription(subscription_id=subscription_id, reason=why, **by(now))


def in_zone(zone: str) -> AbstractContextManager[None]:
    """Bind the bound club as it would be in another time zone."""
    return binding.club(replace(binding.current_club(), time_zone=zone))
