"""Subscriptions and the ledger: opening, activating, charging, giving back, expiring.

Every change of credits holds the customer's row lock first, then the subscription's.
"""

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import F

from platform_shared.due_work import services as due_work
from platform_shared.kit.errors import FieldError, InvalidInput, missing_reference
from platform_shared.kit.principal import SYSTEM, Actor, stamp
from platform_shared.tenancy import binding
from tenant_apps.customers import selectors as customer_selectors
from tenant_apps.packages import selectors as package_selectors
from tenant_apps.packages import terms
from tenant_apps.packages.errors import PackageInactive
from tenant_apps.subscriptions import selectors
from tenant_apps.subscriptions.enums import EntryKind, SubscriptionStatus
from tenant_apps.subscriptions.errors import SubscriptionNotPending
from tenant_apps.subscriptions.models import CreditEntry, CreditLot, Subscription

EXPIRY = "subscriptions.expire"
# How far from now a start may lie: what was begun elsewhere can be taken over, a slip cannot.
FARTHEST_START = timedelta(days=3653)


def open_subscription(
    *,
    customer_id: UUID,
    package_id: UUID,
    starts_at: datetime | None,
    activate: bool,
    now: datetime,
    actor: Actor,
) -> Subscription:
    """Open a subscription on the package's terms as they are now.

    Runs in the caller's transaction, which holds the customer's lock.

    Raises:
        InvalidInput: no such package, or the subscription would be over already.
        PackageInactive: the package is not for sale.
    """
    package = package_selectors.find_package(package_id)
    if package is None:
        raise missing_reference("package")
    if not package.is_active:
        raise PackageInactive
    starts_at = starts_at or now
    if abs(starts_at - now) > FARTHEST_START:
        raise InvalidInput(
            FieldError("starts_at", "out_of_range", "Must lie within ten years from now.")
        )
    try:
        ends_at = package.end_from(starts_at, binding.current_club().time_zone)
    except (OverflowError, ValueError) as error:
        field = FieldError("package", "out_of_range", "The calendar ends before it would.")
        raise InvalidInput(field) from error
    if ends_at is not None and ends_at <= now:
        raise InvalidInput(
            FieldError("starts_at", "already_over", "It would have ended before now.")
        )
    has_credits = package.package_credits is not None
    subscription = Subscription.objects.create(
        customer_id=customer_id,
        package_id=package_id,
        package_name=package.name,
        **terms.copy_of(package),
        status=SubscriptionStatus.PENDING,
        starts_at=starts_at,
        ends_at=ends_at,
        credits=0 if has_credits else None,
        used_credits=0 if has_credits else None,
        created_at=now,
        **stamp(actor),
    )
    if activate:
        _activate(subscription, now, actor)
    return subscription


def grant_subscription(
    *,
    customer_id: UUID,
    package_id: UUID,
    starts_at: datetime | None,
    now: datetime,
    actor: Actor,
) -> Subscription:
    """Give a customer a subscription that costs nothing.

    Locks: the customer.

    Raises:
        InvalidInput: no such customer or package.
        CustomerMerged: the customer is another by now.
        PackageInactive: the package is not for sale.
    """
    with transaction.atomic():
        customer_selectors.lock_named(customer_id)
        return open_subscription(
            customer_id=customer_id,
            package_id=package_id,
            starts_at=starts_at,
            activate=True,
            now=now,
            actor=actor,
        )


def activate_subscription(*, subscription_id: UUID, now: datetime, actor: Actor) -> Subscription:
    """Start a pending subscription that has been paid; a start that has passed becomes now.

    Runs in the caller's transaction.

    Locks: the customer, then the subscription.

    Raises:
        SubscriptionNotPending: it runs or is over already.
    """
    customer_id = selectors.get_subscription(subscription_id).customer_id
    customer_selectors.lock_customer(customer_id)
    subscription = selectors.lock_subscription(subscription_id)
    if subscription.status != SubscriptionStatus.PENDING:
        raise SubscriptionNotPending
    if subscription.starts_at < now:
        subscription.starts_at = now
        subscription.ends_at = subscription.end_from(now, binding.current_club().time_zone)
    _activate(subscription, now, actor)
    return subscription


def _activate(subscription: Subscription, now: datetime, actor: Actor) -> None:
    subscription.status = SubscriptionStatus.ACTIVE
    if subscription.package_credits is not None:
        subscription.credits = subscription.package_credits
    subscription.save(update_fields=["status", "starts_at", "ends_at", "credits"])
    if subscription.package_credits is not None:
        lot = CreditLot.objects.create(
            subscription=subscription,
            granted=subscription.package_credits,
            remaining=subscription.package_credits,
            ends_at=subscription.ends_at,
            created_at=now,
        )
        _write_line(subscription, lot.id, EntryKind.GRANT, lot.granted, now, actor)
    if subscription.ends_at is not None:
        due_work.schedule(kind=EXPIRY, subject_id=subscription.id, due_at=subscription.ends_at)


def _write_line(
    subscription: Subscription,
    lot_id: UUID,
    kind: EntryKind,
    amount: int,
    now: datetime,
    actor: Actor,
    check_in_id: UUID | None = None,
) -> None:
    """Add the ledger's line for a change that ``subscription``'s counters show already."""
    assert subscription.credits_left is not None
    CreditEntry(
        subscription_id=subscription.id,
        lot_id=lot_id,
        kind=kind,
        amount=amount,
        balance_after=subscription.credits_left,
        check_in_id=check_in_id,
        occurred_at=now,
        **stamp(actor),
    ).save(force_insert=True)


def charge_visit(
    *, subscription: Subscription, lot_id: UUID, check_in_id: UUID, now: datetime, actor: Actor
) -> None:
    """Take one credit of ``lot_id`` for a check-in; writes only, so it may travel in a batch.

    The caller holds the customer's lock and has loaded ``subscription`` under it, whose counters
    are brought up to date. The database refuses an overdraw all the same.
    """
    assert subscription.used_credits is not None
    subscription.used_credits += 1
    CreditLot.objects.filter(pk=lot_id).update(remaining=F("remaining") - 1)
    Subscription.objects.filter(pk=subscription.pk).update(used_credits=F("used_credits") + 1)
    _write_line(subscription, lot_id, EntryKind.CHECK_IN, -1, now, actor, check_in_id)


def give_back_visit(
    *, subscription_id: UUID, lot_id: UUID, check_in_id: UUID, now: datetime, actor: Actor
) -> None:
    """Return the credit of an annulled check-in to its lot.

    Where the subscription has ended meanwhile, the credit expires at once, by a line of its own.
    Runs in the caller's transaction, which holds the customer's lock.

    Locks: the subscription.
    """
    subscription = selectors.lock_subscription(subscription_id)
    assert subscription.used_credits is not None
    subscription.used_credits -= 1
    subscription.save(update_fields=["used_credits"])
    CreditLot.objects.filter(pk=lot_id).update(remaining=F("remaining") + 1)
    _write_line(subscription, lot_id, EntryKind.ANNULMENT, 1, now, actor, check_in_id)
    if subscription.status in (SubscriptionStatus.EXPIRED, SubscriptionStatus.CANCELLED):
        _expire_leftovers(subscription, now)


def expire_if_over(subscription_id: UUID, now: datetime) -> None:
    """Make a subscription that has ended ``expired`` and write off what is left of its credits.

    The handler of due work; runs in its transaction.

    Locks: the customer, then the subscription.
    Idempotent by: the status, which only a running subscription changes.
    """
    customer_id = selectors.get_subscription(subscription_id).customer_id
    customer_selectors.lock_customer(customer_id)
    subscription = selectors.lock_subscription(subscription_id)
    running = (SubscriptionStatus.ACTIVE, SubscriptionStatus.FROZEN)
    if subscription.status not in running or subscription.ends_at is None:
        return
    if subscription.ends_at > now:  # it was extended: come back then
        due_work.schedule(kind=EXPIRY, subject_id=subscription_id, due_at=subscription.ends_at)
        return
    subscription.status = SubscriptionStatus.EXPIRED
    subscription.ended_at = subscription.ends_at
    subscription.save(update_fields=["status", "ended_at"])
    _expire_leftovers(subscription, now)


def _expire_leftovers(subscription: Subscription, now: datetime) -> None:
    lots = CreditLot.objects.select_for_update(of=("self",)).filter(
        subscription=subscription, remaining__gt=0
    )
    for lot in lots.order_by("id"):
        assert subscription.credits is not None
        leftover, lot.remaining = lot.remaining, 0
        subscription.credits -= leftover
        lot.save(update_fields=["remaining"])
        subscription.save(update_fields=["credits"])
        _write_line(subscription, lot.id, EntryKind.EXPIRY, -leftover, now, SYSTEM)
