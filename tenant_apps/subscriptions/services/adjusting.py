"""Credits given or taken by hand."""

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import F

from platform_shared.kit.principal import Actor
from tenant_apps.subscriptions import states
from tenant_apps.subscriptions.enums import Action, EntryKind
from tenant_apps.subscriptions.errors import NoCredits, NotEnoughCredits
from tenant_apps.subscriptions.models import CreditLot, Subscription, SubscriptionChange
from tenant_apps.subscriptions.services import changes, ledger, settling


def adjust_credits(
    *, subscription_id: UUID, amount: int, reason: str, now: datetime, actor: Actor
) -> Subscription:
    """Give credits or take them, with a reason, by lines of their own.

    What is given is a lot that ends with the subscription; taken is from the lot that ends first.

    Locks: the owner, the subscription, the lots.

    Raises:
        NotFound: no such subscription.
        ChangeNotAllowed: it does not run.
        NoCredits: it is a period.
        NotEnoughCredits: with ``credits_left``; nothing is taken.
    """
    with transaction.atomic():
        subscription = settling.lock_current(subscription_id, now)
        states.after(Action.ADJUST, subscription.status)
        if subscription.credits is None or subscription.credits_left is None:
            raise NoCredits
        if subscription.credits_left + amount < 0:
            raise NotEnoughCredits(credits_left=subscription.credits_left)
        change = changes.record(
            subscription, Action.ADJUST, now=now, actor=actor, reason=reason, credits=amount
        )
        if amount > 0:
            ledger.add_lot(subscription, amount, EntryKind.ADJUSTMENT, change, now=now, actor=actor)
        else:
            _take(subscription, -amount, change, now, actor)
        subscription.save(update_fields=["credits"])
        changes.reschedule(subscription)
        return subscription


def _take(
    subscription: Subscription,
    wanted: int,
    change: SubscriptionChange,
    now: datetime,
    actor: Actor,
) -> None:
    lots = CreditLot.objects.select_for_update(of=("self",)).filter(
        subscription=subscription, remaining__gt=0
    )
    for lot in lots.order_by(F("ends_at").asc(nulls_last=True), "id"):
        assert subscription.credits is not None
        part = min(wanted, lot.remaining)
        wanted -= part
        lot.remaining -= part
        subscription.credits -= part
        lot.save(update_fields=["remaining"])
        ledger.write_line(
            subscription, lot.id, EntryKind.ADJUSTMENT, -part, now, actor, change=change
        )
        if not wanted:
            return
