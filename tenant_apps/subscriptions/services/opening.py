"""Opening subscriptions, on the package's terms of then, and starting what has been paid."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from django.db import transaction

from platform_shared.kit.errors import FieldError, InvalidInput, missing_reference
from platform_shared.kit.principal import Actor, stamp
from platform_shared.tenancy import binding
from tenant_apps.customers import selectors as customer_selectors
from tenant_apps.packages import selectors as package_selectors
from tenant_apps.packages import terms
from tenant_apps.packages.enums import Purpose, ValidFrom
from tenant_apps.packages.errors import PackageInactive
from tenant_apps.subscriptions import selectors
from tenant_apps.subscriptions.enums import Action, EntryKind, SubscriptionStatus
from tenant_apps.subscriptions.errors import PurchaseLimitReached, TrialUsed
from tenant_apps.subscriptions.models import Subscription
from tenant_apps.subscriptions.services import changes, ledger

if TYPE_CHECKING:
    from tenant_apps.packages.models import Package

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
        TrialUsed, PurchaseLimitReached: not to this customer.
    """
    package = package_selectors.find_package(package_id)
    if package is None:
        raise missing_reference("package")
    if not package.is_active:
        raise PackageInactive
    _check_limits(package, customer_id)
    starts_at = starts_at or now
    ends_at = _end_of(package, starts_at, now)
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


def _check_limits(package: "Package", customer_id: UUID) -> None:
    before = selectors.had_before(customer_id)
    if package.purpose == Purpose.TRIAL and before.exclude(purpose=Purpose.GUEST).exists():
        raise TrialUsed
    allowed = package.max_per_customer
    if allowed is not None and before.filter(package_id=package.id).count() >= allowed:
        raise PurchaseLimitReached(allowed=allowed)


def _end_of(package: "Package", starts_at: datetime, now: datetime) -> datetime | None:
    if abs(starts_at - now) > FARTHEST_START:
        raise InvalidInput(
            FieldError("starts_at", "out_of_range", "Must lie within ten years from now.")
        )
    try:
        ends_at = package.end_from(starts_at, binding.current_club().time_zone)
    except (OverflowError, ValueError) as error:
        field = FieldError("package", "out_of_range", "The calendar ends before it would.")
        raise InvalidInput(field) from error
    if package.valid_from == ValidFrom.FIRST_VISIT:
        return None
    if ends_at is not None and ends_at <= now:
        raise InvalidInput(
            FieldError("starts_at", "already_over", "It would have ended before now.")
        )
    return ends_at


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
        TrialUsed, PurchaseLimitReached: not to this customer.
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

    Locks: the owner, then the subscription.

    Raises:
        ChangeNotAllowed: it runs or is over already.
    """
    subscription = selectors.lock_with_owner(subscription_id)
    if subscription.starts_at < now:
        subscription.starts_at = now
        if subscription.ends_at is not None:
            subscription.ends_at = subscription.end_from(now, binding.current_club().time_zone)
    _activate(subscription, now, actor)
    return subscription


def _activate(subscription: Subscription, now: datetime, actor: Actor) -> None:
    change = changes.record(subscription, Action.ACTIVATE, now=now, actor=actor)
    subscription.activated_at = now
    if subscription.package_credits is not None:
        ledger.add_lot(
            subscription,
            subscription.package_credits,
            EntryKind.GRANT,
            change,
            now=now,
            actor=actor,
        )
    subscription.save(update_fields=["status", "activated_at", "starts_at", "ends_at", "credits"])
    changes.reschedule(subscription)
