"""The ledger: each change of credits with its line, its lot and the counters."""

from datetime import datetime
from uuid import UUID

from django.db.models import F

from platform_shared.due_work import services as due_work
from platform_shared.kit.principal import SYSTEM, Actor, stamp
from platform_shared.tenancy import binding
from platform_shared.tenancy.pipeline import Batch
from tenant_apps.packages import terms
from tenant_apps.subscriptions.enums import Action, EntryKind, SubscriptionStatus
from tenant_apps.subscriptions.models import (
    CreditEntry,
    CreditLot,
    Subscription,
    SubscriptionChange,
)
from tenant_apps.subscriptions.services import changes

_TAKE_OF_LOT = "UPDATE subscriptions_creditlot SET remaining = remaining - 1 WHERE id = %s"
_COUNT_USE = "UPDATE subscriptions_subscription SET used_credits = used_credits + 1 WHERE id = %s"


def write_line(
    subscription: Subscription,
    lot_id: UUID,
    kind: EntryKind,
    amount: int,
    now: datetime,
    actor: Actor,
    *,
    change: SubscriptionChange | None = None,
    check_in_id: UUID | None = None,
) -> None:
    """Add the ledger's line for a change that ``subscription``'s counters show already."""
    line = _line(subscription, lot_id, kind, amount, now, actor, change, check_in_id)
    line.save(force_insert=True)


def _line(
    subscription: Subscription,
    lot_id: UUID,
    kind: EntryKind,
    amount: int,
    now: datetime,
    actor: Actor,
    change: SubscriptionChange | None,
    check_in_id: UUID | None,
) -> CreditEntry:
    assert subscription.credits_left is not None
    return CreditEntry(
        subscription_id=subscription.id,
        lot_id=lot_id,
        kind=kind,
        amount=amount,
        balance_after=subscription.credits_left,
        check_in_id=check_in_id,
        change=change,
        occurred_at=now,
        **stamp(actor),
    )


def add_lot(
    subscription: Subscription,
    amount: int,
    kind: EntryKind,
    change: SubscriptionChange,
    *,
    now: datetime,
    actor: Actor,
) -> None:
    """Grant ``amount`` credits that end when the subscription does.

    The caller holds the owner's and the subscription's locks, and saves ``credits``.
    """
    assert subscription.credits is not None
    subscription.credits += amount
    lot = CreditLot.objects.create(
        subscription=subscription,
        granted=amount,
        remaining=amount,
        ends_at=subscription.ends_at,
        created_at=now,
    )
    write_line(subscription, lot.id, kind, amount, now, actor, change=change)


def charge_visit(
    batch: Batch,
    *,
    subscription: Subscription,
    lot_id: UUID,
    check_in_id: UUID,
    now: datetime,
    actor: Actor,
) -> None:
    """Take one credit of ``lot_id`` for a check-in, by statements that travel in ``batch``.

    The caller holds the owner's lock and has loaded ``subscription`` under it, whose counters
    are brought up to date. The database refuses an overdraw all the same.
    """
    assert subscription.used_credits is not None
    subscription.used_credits += 1
    batch.execute(_TAKE_OF_LOT, (lot_id,))
    batch.execute(_COUNT_USE, (subscription.pk,))
    batch.insert(_line(subscription, lot_id, EntryKind.CHECK_IN, -1, now, actor, None, check_in_id))


def begin_period(*, subscription: Subscription, now: datetime) -> None:
    """Count the duration from this visit; writes only, so it may travel in a batch.

    A freeze that is planned within it moves the end at once, as it would have before; one that is
    over does not, whether or not anybody has noticed. The caller holds the owner's lock. What
    follows from the end is for ``settle`` to find.
    """
    zone = binding.current_club().time_zone
    ends_at = subscription.end_from(now, zone)
    since, until = subscription.frozen_from, subscription.frozen_until
    if ends_at and since and until and until > now and ends_at > since:
        ends_at = terms.moved(ends_at, since, until, zone)
    subscription.begun_at, subscription.ends_at = now, ends_at
    Subscription.objects.filter(pk=subscription.pk).update(
        begun_at=subscription.begun_at, ends_at=subscription.ends_at
    )
    CreditLot.objects.filter(subscription=subscription).update(ends_at=subscription.ends_at)
    due_work.schedule(kind=changes.SETTLE, subject_id=subscription.id, due_at=now)


def take_back_visit(
    *,
    subscription: Subscription,
    lot_id: UUID | None,
    check_in_id: UUID,
    was_only_visit: bool,
    now: datetime,
    actor: Actor,
) -> None:
    """Undo what an annulled check-in did: its credit returns to its lot.

    A period that began with a visit has not when none is left; one that was extended or renewed
    since has begun all the same: nobody loses what came on top of it. Where the lot or the
    subscription has ended meanwhile, the credit expires, by a line of its own. Runs in the caller's
    transaction, which holds the owner's and the subscription's locks.
    """
    if lot_id is not None:
        assert subscription.used_credits is not None
        subscription.used_credits -= 1
        subscription.save(update_fields=["used_credits"])
        CreditLot.objects.filter(pk=lot_id).update(remaining=F("remaining") + 1)
        write_line(
            subscription, lot_id, EntryKind.ANNULMENT, 1, now, actor, check_in_id=check_in_id
        )
    unvisited = subscription.begun_at is not None and was_only_visit
    if unvisited and _runs(subscription) and not _was_prolonged(subscription):
        subscription.begun_at = subscription.ends_at = None
        subscription.save(update_fields=["begun_at", "ends_at"])
        CreditLot.objects.filter(subscription=subscription).update(ends_at=None)
    elif not _runs(subscription):
        expire_credits(subscription, now=now)
    changes.reschedule(subscription)


def _was_prolonged(subscription: Subscription) -> bool:
    return SubscriptionChange.objects.filter(
        subscription=subscription, action__in=(Action.EXTEND, Action.RENEW)
    ).exists()


def _runs(subscription: Subscription) -> bool:
    return subscription.status in (SubscriptionStatus.ACTIVE, SubscriptionStatus.FROZEN)


def expire_credits(
    subscription: Subscription,
    *,
    now: datetime,
    over_by: datetime | None = None,
    change: SubscriptionChange | None = None,
) -> None:
    """Write off what the lots hold that ended by ``over_by``, or all of them.

    Locks: the lots; the caller holds the owner's and the subscription's locks.
    """
    lots = CreditLot.objects.select_for_update(of=("self",)).filter(
        subscription=subscription, remaining__gt=0
    )
    if over_by is not None:
        lots = lots.filter(ends_at__lte=over_by)
    for lot in lots.order_by("id"):
        assert subscription.credits is not None
        leftover, lot.remaining = lot.remaining, 0
        subscription.credits -= leftover
        lot.save(update_fields=["remaining"])
        subscription.save(update_fields=["credits"])
        write_line(subscription, lot.id, EntryKind.EXPIRY, -leftover, now, SYSTEM, change=change)
