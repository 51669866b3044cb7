"""What time makes of a subscription, done by the list of due work or by whoever comes first."""

from datetime import datetime
from uuid import UUID

from platform_shared.kit.preconditions import UNCONDITIONAL, Precondition
from platform_shared.kit.principal import SYSTEM
from platform_shared.outbox import services as outbox
from tenant_apps.subscriptions import selectors
from tenant_apps.subscriptions.enums import Action, SubscriptionStatus
from tenant_apps.subscriptions.models import Subscription
from tenant_apps.subscriptions.services import changes, ledger, rests

# The domain event that says that an end is near; once for each end.
EXPIRING = "subscriptions.expiring"


def settle(subscription_id: UUID, now: datetime) -> None:
    """Bring a subscription up to date: planned freezes, ended lots, reminders, its own end.

    The handler of due work; runs in its transaction.

    Locks: the owner, the subscription, then its lots.
    Idempotent by: the facts; what is as it should be is left alone.
    """
    subscription = lock_current(subscription_id, now)
    reminder = changes.reminder_due(subscription)
    if subscription.status == SubscriptionStatus.ACTIVE and reminder and reminder <= now:
        subscription.reminded_of = subscription.ends_at
        subscription.save(update_fields=["reminded_of"])
        outbox.emit(
            kind=EXPIRING,
            subject_id=subscription.id,
            now=now,
            data={"customer": subscription.customer_id, "ends_at": subscription.ends_at},
        )
    changes.reschedule(subscription)


def lock_current(
    subscription_id: UUID,
    now: datetime,
    *others: UUID,
    precondition: Precondition = UNCONDITIONAL,
) -> Subscription:
    """Return the subscription, locked and brought up to date; for every change of one.

    The precondition is asked before: what time makes of it, a client could not have seen.

    Locks: the owner and the customers ``others`` by their ids, the subscription, then its lots.

    Raises:
        NotFound: no such subscription.
        PreconditionFailed: it is no longer as the caller has seen it.
    """
    subscription = selectors.lock_with_owner(subscription_id, *others)
    precondition.require(subscription)
    rests.follow(subscription, now)
    if subscription.status == SubscriptionStatus.ACTIVE:
        ledger.expire_credits(subscription, now=now, over_by=now)
        if subscription.ends_at is not None and subscription.ends_at <= now:
            _expire(subscription, now)
    return subscription


def _expire(subscription: Subscription, now: datetime) -> None:
    change = changes.record(subscription, Action.EXPIRE, now=now, actor=SYSTEM)
    if subscription.frozen_from is not None:
        rests.end_freeze(subscription, subscription.frozen_from)
    subscription.ended_at = subscription.ends_at
    subscription.save(update_fields=["status", "ended_at"])
    ledger.expire_credits(subscription, now=now, change=change)
