"""What every change of a subscription has in common: the table, the record, the next due moment."""

from datetime import datetime, timedelta
from typing import Any

from django.db.models import Min

from platform_shared.clubs import selectors as club_selectors
from platform_shared.due_work import services as due_work
from platform_shared.kit.principal import Actor, stamp
from platform_shared.tenancy import binding
from tenant_apps.subscriptions import states
from tenant_apps.subscriptions.enums import Action, SubscriptionStatus
from tenant_apps.subscriptions.models import CreditLot, Subscription, SubscriptionChange

# The kind of due work that brings a subscription up to date: one entry for each.
SETTLE = "subscriptions.settle"


def record(
    subscription: Subscription,
    action: Action,
    *,
    now: datetime,
    actor: Actor,
    reason: str = "",
    **detail: Any,
) -> SubscriptionChange:
    """Give the subscription the status that ``action`` leads to, and keep who did what, and why.

    The caller holds the locks and saves the subscription.

    Raises:
        ChangeNotAllowed: not in the status that it has.
    """
    before, subscription.status = subscription.status, states.after(action, subscription.status)
    return SubscriptionChange.objects.create(
        subscription=subscription,
        action=action,
        status_before=before,
        status_after=subscription.status,
        reason=reason,
        detail=detail,
        occurred_at=now,
        **stamp(actor),
    )


def reschedule(subscription: Subscription) -> None:
    """Put the next moment at which something is to be done on the list of due work."""
    moment = _next_moment(subscription)
    if moment is not None:
        due_work.schedule(kind=SETTLE, subject_id=subscription.id, due_at=moment)


def _next_moment(subscription: Subscription) -> datetime | None:
    if subscription.status == SubscriptionStatus.FROZEN:
        return subscription.frozen_until
    if subscription.status != SubscriptionStatus.ACTIVE:
        return None
    lots = CreditLot.objects.filter(subscription=subscription, remaining__gt=0)
    moments = [
        subscription.frozen_from,
        subscription.ends_at,
        reminder_due(subscription),
        lots.aggregate(first=Min("ends_at"))["first"],
    ]
    return min((moment for moment in moments if moment is not None), default=None)


def reminder_due(subscription: Subscription) -> datetime | None:
    """Return when its end is to be reminded of, unless it has been or nobody wants that.

    What is too short to be reminded of in time has just been bought: of that nobody is reminded.
    """
    if subscription.ends_at is None or subscription.reminded_of == subscription.ends_at:
        return None
    days = club_selectors.reminder_days(binding.current_club().id)
    due = subscription.ends_at - timedelta(days=days)
    begun = subscription.begun_at or subscription.starts_at
    return due if days and due > begun else None
