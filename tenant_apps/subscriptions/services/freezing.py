"""Freezing: a subscription rests for a while, and its end and its lots' ends move by as much.

A freeze with an end moves them when it is planned, so that whoever looks sees the end that will
be; one without an end moves them when it is over.
"""

import math
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from platform_shared.kit.errors import FieldError, InvalidInput
from platform_shared.kit.principal import Actor, stamp
from platform_shared.tenancy import binding
from tenant_apps.packages import terms
from tenant_apps.subscriptions import states
from tenant_apps.subscriptions.enums import Action, SubscriptionStatus
from tenant_apps.subscriptions.errors import AlreadyFrozen, FreezeLimitReached, NotFrozen
from tenant_apps.subscriptions.models import Freeze, Subscription
from tenant_apps.subscriptions.services import changes, rests, settling

DAY = timedelta(days=1)
CHANGE_OF_CLOCKS = timedelta(hours=2)
LONGEST = 3660 * DAY


def freeze_subscription(
    *,
    subscription_id: UUID,
    starts_at: datetime | None,
    ends_at: datetime | None,
    reason: str,
    now: datetime,
    actor: Actor,
) -> Subscription:
    """Let a subscription rest from ``starts_at`` (None: now) to ``ends_at`` (None: open).

    Where the package allows only so many days, an open freeze ends when they are used up.

    Locks: the owner, the subscription, then its lots.

    Raises:
        NotFound: no such subscription.
        ChangeNotAllowed: it does not run.
        AlreadyFrozen: a freeze is planned; that one has to end first.
        FreezeLimitReached: with ``days_left`` or ``times``, by the package.
        InvalidInput: the span lies in the past, or not within the subscription.
    """
    with transaction.atomic():
        subscription = settling.lock_current(subscription_id, now)
        starts_at = starts_at or now
        action = Action.PLAN_FREEZE if starts_at > now else Action.FREEZE
        states.after(action, subscription.status)
        if subscription.frozen_from is not None:
            raise AlreadyFrozen
        _check_span(subscription, starts_at, ends_at, now)
        ends_at = _within_limits(subscription, starts_at, ends_at)
        Freeze.objects.create(
            subscription=subscription,
            starts_at=starts_at,
            ends_at=ends_at,
            created_at=now,
            **stamp(actor),
        )
        subscription.frozen_from, subscription.frozen_until = starts_at, ends_at
        if ends_at is not None:
            _move_ends(subscription, starts_at, ends_at)
        changes.record(
            subscription,
            action,
            now=now,
            actor=actor,
            reason=reason,
            starts_at=starts_at.isoformat(),
            ends_at=ends_at and ends_at.isoformat(),
        )
        subscription.save(update_fields=rests.FIELDS)
        changes.reschedule(subscription)
        return subscription


def _check_span(
    subscription: Subscription, starts_at: datetime, ends_at: datetime | None, now: datetime
) -> None:
    if starts_at < now:
        raise InvalidInput(FieldError("starts_at", "in_the_past", "Must not have passed."))
    if starts_at - now > LONGEST:
        raise InvalidInput(FieldError("starts_at", "out_of_range", "Must be within ten years."))
    if starts_at < subscription.starts_at:
        raise InvalidInput(
            FieldError("starts_at", "before_start", "The subscription starts later.")
        )
    if subscription.ends_at is not None and starts_at >= subscription.ends_at:
        raise InvalidInput(FieldError("starts_at", "after_end", "The subscription ends before."))
    if ends_at is not None and ends_at <= starts_at:
        raise InvalidInput(FieldError("ends_at", "out_of_range", "Must be after `starts_at`."))
    if ends_at is not None and ends_at - starts_at > LONGEST:
        raise InvalidInput(FieldError("ends_at", "out_of_range", "Must be within ten years."))


def _move_ends(subscription: Subscription, starts_at: datetime, ends_at: datetime) -> None:
    try:
        rests.move_ends(subscription, since=starts_at, until=ends_at, beyond=starts_at)
    except (OverflowError, ValueError) as error:
        field = FieldError("ends_at", "out_of_range", "The calendar ends before it would.")
        raise InvalidInput(field) from error


def _within_limits(
    subscription: Subscription, starts_at: datetime, ends_at: datetime | None
) -> datetime | None:
    """Return the end of a freeze that the package allows.

    Raises:
        FreezeLimitReached: it allows no more, or not as long.
    """
    times, days = subscription.freeze_times, subscription.freeze_days
    earlier = list(Freeze.objects.filter(subscription=subscription))
    if times is not None and len(earlier) >= times:
        raise FreezeLimitReached(times=times)
    if days is None:
        return ends_at
    left = days - sum(_days(f.starts_at, f.ends_at or f.starts_at) for f in earlier)
    if left <= 0 or (ends_at is not None and _days(starts_at, ends_at) > left):
        raise FreezeLimitReached(days_left=max(left, 0))
    return ends_at or terms.end_of(starts_at, "day", left, binding.current_club().time_zone)


def _days(starts_at: datetime, ends_at: datetime) -> int:
    """Return how many days a freeze counts as: begun ones in full, and the shortest is one.

    An hour or two more, as a span of whole local days has when the clocks go back in it, is none.
    """
    return max(1, math.ceil((ends_at - starts_at - CHANGE_OF_CLOCKS) / DAY))


def unfreeze_subscription(
    *, subscription_id: UUID, reason: str, now: datetime, actor: Actor
) -> Subscription:
    """End the freeze that runs, or drop the one that is planned.

    Locks: the owner, the subscription, then its lots.

    Raises:
        NotFound: no such subscription.
        NotFrozen: no freeze runs or is planned.
    """
    with transaction.atomic():
        subscription = settling.lock_current(subscription_id, now)
        if subscription.frozen_from is None:
            raise NotFrozen
        action = (
            Action.UNFREEZE
            if subscription.status == SubscriptionStatus.FROZEN
            else Action.DROP_FREEZE
        )
        changes.record(subscription, action, now=now, actor=actor, reason=reason)
        rests.end_freeze(subscription, max(now, subscription.frozen_from))
        changes.reschedule(subscription)
        return subscription
