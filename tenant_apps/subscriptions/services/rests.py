"""Freezes as they take their course: begun, ended, and the ends moved by their length."""

from datetime import datetime

from platform_shared.kit.principal import SYSTEM
from platform_shared.tenancy import binding
from tenant_apps.packages import terms
from tenant_apps.subscriptions.enums import Action, SubscriptionStatus
from tenant_apps.subscriptions.models import CreditLot, Freeze, Subscription
from tenant_apps.subscriptions.services import changes

FIELDS = ["status", "frozen_from", "frozen_until", "ends_at"]


def end_freeze(subscription: Subscription, at: datetime) -> None:
    """Let the freeze that runs or is planned end ``at``, and the ends be where they belong then.

    The caller holds the locks; does nothing where there is no freeze.
    """
    since, until = subscription.frozen_from, subscription.frozen_until
    if since is None:
        return
    freeze = Freeze.objects.filter(subscription=subscription).latest("starts_at", "id")
    if at <= since:
        freeze.delete()
    else:
        freeze.ends_at = at
        freeze.save(update_fields=["ends_at"])
    subscription.frozen_from = subscription.frozen_until = None
    if until is None:
        move_ends(subscription, since=since, until=at, beyond=since)
    elif at < until:
        move_ends(subscription, since=until, until=at, beyond=until)
    subscription.save(update_fields=FIELDS)


def follow(subscription: Subscription, now: datetime) -> None:
    """Begin and end what was planned, as of ``now``; the caller holds the locks.

    What would begin after the end, which a first visit may set before it, does not begin.
    """
    since, end = subscription.frozen_from, subscription.ends_at
    begins = since is not None and since <= now and (end is None or since < end)
    if begins and subscription.status == SubscriptionStatus.ACTIVE:
        changes.record(subscription, Action.FREEZE, now=now, actor=SYSTEM)
        subscription.save(update_fields=FIELDS)
    until = subscription.frozen_until
    if until is not None and until <= now and subscription.status == SubscriptionStatus.FROZEN:
        changes.record(subscription, Action.UNFREEZE, now=now, actor=SYSTEM)
        end_freeze(subscription, until)


def move_ends(
    subscription: Subscription, *, since: datetime, until: datetime, beyond: datetime
) -> None:
    """Move the ends that lie ``beyond`` a moment, the lots' too, as ``terms.moved`` does.

    The caller holds the locks and saves the subscription.
    """
    zone = binding.current_club().time_zone
    if subscription.ends_at is not None and subscription.ends_at > beyond:
        subscription.ends_at = terms.moved(subscription.ends_at, since, until, zone)
    lots = CreditLot.objects.select_for_update(of=("self",)).filter(
        subscription=subscription, ends_at__gt=beyond
    )
    for lot in lots.order_by("id"):
        assert lot.ends_at is not None
        lot.ends_at = terms.moved(lot.ends_at, since, until, zone)
        lot.save(update_fields=["ends_at"])
