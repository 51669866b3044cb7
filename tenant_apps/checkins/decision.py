"""The decision at the door: one pure function of code, customer, policy and clock.

No database and no network: an online door hands it what it loaded under the customer's lock, an
offline door what it has synchronised, and both get the same answer.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta
from typing import Literal
from uuid import UUID

from platform_shared.kit import clock
from tenant_apps.checkins.enums import Kind, Reason
from tenant_apps.packages.terms import AccessRule, is_open

type Status = Literal["pending", "active", "frozen", "expired", "cancelled"]

# What a refusal says when several subscriptions are unusable: the reason nearest to usable.
NEAREST_FIRST = (
    Reason.OUTSIDE_HOURS,
    Reason.NO_CREDITS,
    Reason.SUBSCRIPTION_FROZEN,
    Reason.NOT_STARTED,
    Reason.SUBSCRIPTION_EXPIRED,
)


@dataclass(frozen=True, slots=True)
class CodeFacts:
    """What is known of the code: the token's own verdict, and the club's record of it.

    ``is_accepted`` is false where the club takes no codes of this kind any more.
    """

    reason: Reason
    is_revoked: bool = False
    is_accepted: bool = True


@dataclass(frozen=True, slots=True)
class LotFacts:
    """A lot that still holds credits."""

    id: UUID
    ends_at: datetime | None


@dataclass(frozen=True, slots=True)
class SubscriptionFacts:
    """A subscription in the order of charging; ``lots`` is None for a period, else by end.

    ``frozen_from`` and ``frozen_until`` (None: open) are those of a freeze that runs or is planned.
    """

    id: UUID
    status: str
    starts_at: datetime
    ends_at: datetime | None
    rules: tuple[AccessRule, ...]
    lots: tuple[LotFacts, ...] | None
    frozen_from: datetime | None = None
    frozen_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class CustomerFacts:
    """A customer's state; ``inside_since`` is the last accepted entry without exit or annulment.

    ``subscriptions`` stand in the order of charging: a period before credits, then the earliest
    end, then the oldest.
    """

    is_active: bool
    inside_since: datetime | None
    subscriptions: Sequence[SubscriptionFacts]


@dataclass(frozen=True, slots=True)
class Policy:
    """The club's settings; ``reentry_seconds`` 0 is off.

    Who came in before the last ``night_at`` (local) and was not seen leaving counts as gone.
    """

    reentry_seconds: int
    enforce_presence: bool
    time_zone: str
    night_at: time = time(4)


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer; ``subscription_id`` is the one used, or the one nearest to usable.

    ``lot_id`` is the lot to charge one credit to, or None: nothing is charged. ``judged`` is what
    was found of each subscription, in the order in which they were looked at.
    """

    reason: Reason
    subscription_id: UUID | None = None
    lot_id: UUID | None = None
    judged: tuple[tuple[UUID, Reason], ...] = field(default=(), compare=False)

    @property
    def accepted(self) -> bool:
        return self.reason is Reason.OK


def decide(
    *,
    kind: Kind,
    code: CodeFacts | None,
    customer: CustomerFacts | None,
    policy: Policy,
    now: datetime,
    location_id: UUID | None = None,
    is_full: bool = False,
) -> Decision:
    """Judge one scan, in the fixed order; ``code`` None is a check-in without a code.

    ``customer`` is None exactly when the code names nobody here. ``is_full`` says that the club or
    the location holds as many people as it may; it is asked last, so that whoever could not come
    in anyway is told why.
    """
    if code is not None:
        if code.reason is not Reason.OK:
            return Decision(code.reason)
        if code.is_revoked or not code.is_accepted:
            return Decision(Reason.CODE_REVOKED)
    if customer is None:
        return Decision(Reason.UNKNOWN_CODE)
    if kind is Kind.EXIT:
        return Decision(Reason.OK)  # only reasons of the code refuse an exit, and it is free
    if not customer.is_active:
        return Decision(Reason.CUSTOMER_INACTIVE)
    if _is_inside(customer.inside_since, policy, now):
        return Decision(Reason.ALREADY_INSIDE)
    chosen = _choose(customer.subscriptions, policy, now, location_id)
    if chosen.accepted and is_full:
        return replace(chosen, reason=Reason.LOCATION_FULL, lot_id=None)
    return chosen


def _is_inside(since: datetime | None, policy: Policy, now: datetime) -> bool:
    if since is None:
        return False
    if policy.enforce_presence and since >= clock.last_night(
        now, policy.night_at, policy.time_zone
    ):
        return True
    # Off is off: of two scans at once, the one that waited may have looked at the clock first, and
    # then the other's entry lies in its future.
    window = timedelta(seconds=policy.reentry_seconds)
    return policy.reentry_seconds > 0 and now - since < window


def _choose(
    subscriptions: Sequence[SubscriptionFacts],
    policy: Policy,
    now: datetime,
    location_id: UUID | None,
) -> Decision:
    nearest = Decision(Reason.NO_SUBSCRIPTION)
    rank = len(NEAREST_FIRST)
    judged: list[tuple[UUID, Reason]] = []
    for subscription in subscriptions:
        reason, lot_id = _judge(subscription, policy, now, location_id)
        judged.append((subscription.id, reason))
        if reason is Reason.OK:
            return Decision(Reason.OK, subscription.id, lot_id, tuple(judged))
        if reason in NEAREST_FIRST and NEAREST_FIRST.index(reason) < rank:
            rank = NEAREST_FIRST.index(reason)
            nearest = Decision(reason, subscription.id)
    return replace(nearest, judged=tuple(judged))


def _judge(
    subscription: SubscriptionFacts, policy: Policy, now: datetime, location_id: UUID | None
) -> tuple[Reason, UUID | None]:
    """Return whether one subscription opens the door, and the lot it would be charged to.

    What keeps it furthest from usable is named first: an ended one is ``subscription_expired``
    even if it is empty too. One that is frozen cannot end meanwhile. One never paid or cancelled
    counts as none.
    """
    ended = subscription.ends_at is not None and subscription.ends_at <= now
    frozen = _is_frozen(subscription, now)
    if subscription.status in ("pending", "cancelled"):
        return Reason.NO_SUBSCRIPTION, None
    if subscription.status == "expired" or (ended and not frozen):
        return Reason.SUBSCRIPTION_EXPIRED, None
    if subscription.starts_at > now:
        return Reason.NOT_STARTED, None
    if frozen:
        return Reason.SUBSCRIPTION_FROZEN, None
    lot_id = None
    if subscription.lots is not None:
        lot_id = next(
            (lot.id for lot in subscription.lots if lot.ends_at is None or lot.ends_at > now),
            None,
        )
        if lot_id is None:
            return Reason.NO_CREDITS, None
    if not is_open(subscription.rules, now, policy.time_zone, location_id):
        return Reason.OUTSIDE_HOURS, None
    return Reason.OK, lot_id


def _is_frozen(subscription: SubscriptionFacts, now: datetime) -> bool:
    """Return whether a freeze covers ``now``, whether or not the status has followed it yet.

    One that would begin after the end, which a first visit may set before it, never does.
    """
    since, until = subscription.frozen_from, subscription.frozen_until
    if since is None:
        return subscription.status == "frozen"
    if subscription.ends_at is not None and subscription.ends_at <= since:
        return False
    return since <= now and (until is None or now < until)
