"""How subscriptions end, or don't: expiry, cancelling, extending, renewing."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from platform_shared.kit.errors import FieldError, InvalidInput
from platform_shared.kit.preconditions import UNCONDITIONAL, Precondition
from platform_shared.kit.principal import Actor
from platform_shared.tenancy import binding
from tenant_apps.packages import terms
from tenant_apps.subscriptions import states
from tenant_apps.subscriptions.enums import Action, EntryKind, SubscriptionStatus
from tenant_apps.subscriptions.errors import NoEnd
from tenant_apps.subscriptions.models import CreditLot, Subscription, SubscriptionChange
from tenant_apps.subscriptions.services import changes, ledger, rests, settling


def cancel_subscription(
    *, subscription_id: UUID, reason: str, now: datetime, actor: Actor
) -> Subscription:
    """End a subscription now, with what is left of its credits.

    Locks: the owner, the subscription, then its lots.

    Raises:
        NotFound: no such subscription.
        ChangeNotAllowed: it is over already.
    """
    with transaction.atomic():
        subscription = settling.lock_current(subscription_id, now)
        if subscription.status != SubscriptionStatus.PENDING:
            # Those of old ran without its being written down when they began to.
            subscription.activated_at = subscription.activated_at or subscription.created_at
        change = changes.record(subscription, Action.CANCEL, now=now, actor=actor, reason=reason)
        if subscription.frozen_from is not None:
            rests.end_freeze(subscription, max(now, subscription.frozen_from))
        subscription.ended_at = now
        subscription.save(update_fields=["status", "activated_at", "ended_at"])
        ledger.expire_credits(subscription, now=now, change=change)
        return subscription


def cancel_at_end(
    *,
    subscription_id: UUID,
    now: datetime,
    actor: Actor,
    precondition: Precondition = UNCONDITIONAL,
) -> Subscription:
    """Let a subscription run to its end and not further.

    Locks: the owner, the subscription. Idempotent by: its being cancelled so.

    Raises:
        NotFound: no such subscription.
        PreconditionFailed: it is no longer as the caller has seen it.
        ChangeNotAllowed: it does not run.
        NoEnd: there is no end to wait for.
    """
    with transaction.atomic():
        subscription = settling.lock_current(subscription_id, now, precondition=precondition)
        states.after(Action.CANCEL_AT_END, subscription.status)
        if subscription.ends_at is None:
            raise NoEnd
        if not subscription.cancel_at_end:
            changes.record(subscription, Action.CANCEL_AT_END, now=now, actor=actor)
            subscription.cancel_at_end = True
            subscription.save(update_fields=["cancel_at_end"])
        return subscription


def keep_subscription(
    *,
    subscription_id: UUID,
    now: datetime,
    actor: Actor,
    precondition: Precondition = UNCONDITIONAL,
) -> Subscription:
    """Take a cancellation at the end back.

    Locks: the owner, the subscription. Idempotent by: its not being cancelled.

    Raises:
        NotFound: no such subscription.
        PreconditionFailed: it is no longer as the caller has seen it.
        ChangeNotAllowed: it does not run any more.
    """
    with transaction.atomic():
        subscription = settling.lock_current(subscription_id, now, precondition=precondition)
        states.after(Action.KEEP, subscription.status)
        if subscription.cancel_at_end:
            changes.record(subscription, Action.KEEP, now=now, actor=actor)
            subscription.cancel_at_end = False
            subscription.save(update_fields=["cancel_at_end"])
        return subscription


def extend_subscription(
    *, subscription_id: UUID, unit: str, count: int, reason: str, now: datetime, actor: Actor
) -> Subscription:
    """Move the end later by the club's calendar, and that of the lots which end with it.

    Locks: the owner, the subscription, then its lots.

    Raises:
        NotFound: no such subscription.
        ChangeNotAllowed: it does not run.
        NoEnd: it has none.
        InvalidInput: the calendar ends before it would.
    """
    with transaction.atomic():
        subscription = settling.lock_current(subscription_id, now)
        before = _end_to_move(subscription, Action.EXTEND)
        after = _later(subscription, unit, count, "duration")
        lots = CreditLot.objects.filter(subscription=subscription, ends_at=before)
        lots.update(ends_at=after)
        _move_end(subscription, Action.EXTEND, after, reason, now, actor)
        return subscription


def renew_subscription(*, subscription_id: UUID, now: datetime, actor: Actor) -> Subscription:
    """Add another term after the one that runs; with credits, as a lot that ends with it.

    Credits of earlier lots keep their own end.

    Locks: the owner, the subscription.

    Raises:
        NotFound: no such subscription.
        ChangeNotAllowed: it does not run.
        NoEnd: it has none, or none yet.
        InvalidInput: the calendar ends before it would.
    """
    with transaction.atomic():
        subscription = settling.lock_current(subscription_id, now)
        _end_to_move(subscription, Action.RENEW)
        assert subscription.duration_unit is not None
        assert subscription.duration_count is not None
        after = _later(
            subscription, subscription.duration_unit, subscription.duration_count, "subscription"
        )
        change = _move_end(subscription, Action.RENEW, after, "", now, actor)
        if subscription.package_credits is not None:
            ledger.add_lot(
                subscription,
                subscription.package_credits,
                EntryKind.GRANT,
                change,
                now=now,
                actor=actor,
            )
            subscription.save(update_fields=["credits"])
            changes.reschedule(subscription)
        return subscription


def _end_to_move(subscription: Subscription, action: Action) -> datetime:
    states.after(action, subscription.status)
    if subscription.ends_at is None:
        raise NoEnd
    return subscription.ends_at


def _later(subscription: Subscription, unit: str, count: int, field: str) -> datetime:
    """Return an end so much later; a freeze that comes to lie within it has its length added."""
    assert subscription.ends_at is not None
    before, zone = subscription.ends_at, binding.current_club().time_zone
    since, until = subscription.frozen_from, subscription.frozen_until
    try:
        after = terms.end_of(before, unit, count, zone)
        if since is not None and until is not None and before <= since < after:
            after = terms.moved(after, since, until, zone)
        return after
    except (OverflowError, ValueError) as error:
        problem = FieldError(field, "out_of_range", "The calendar ends before it would.")
        raise InvalidInput(problem) from error


def _move_end(
    subscription: Subscription,
    action: Action,
    ends_at: datetime,
    reason: str,
    now: datetime,
    actor: Actor,
) -> SubscriptionChange:
    assert subscription.ends_at is not None
    change = changes.record(
        subscription,
        action,
        now=now,
        actor=actor,
        reason=reason,
        ends_at_before=subscription.ends_at.isoformat(),
        ends_at=ends_at.isoformat(),
    )
    subscription.ends_at = ends_at
    subscription.save(update_fields=["ends_at"])
    changes.reschedule(subscription)
    return change
