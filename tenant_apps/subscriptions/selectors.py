from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Case, F, Q, QuerySet, When
from django.db.models.functions import Coalesce

from platform_shared.kit.errors import NotFound
from tenant_apps.customers import selectors as customer_selectors
from tenant_apps.subscriptions.enums import SubscriptionStatus
from tenant_apps.subscriptions.models import (
    CreditEntry,
    CreditLot,
    Subscription,
    SubscriptionChange,
    SubscriptionMember,
)

# A freeze may be over before anybody has changed the status back: so doors look at the frozen, too.
RUNNING = (SubscriptionStatus.ACTIVE, SubscriptionStatus.FROZEN)
# Cancelled before it was ever paid for: it counts nowhere.
GIVEN_UP = Q(status=SubscriptionStatus.CANCELLED, activated_at=None)


def list_subscriptions() -> QuerySet[Subscription]:
    """Return the club's subscriptions."""
    return Subscription.objects.all()


def list_of_customer(customer_id: UUID) -> QuerySet[Subscription]:
    """Return one customer's subscriptions."""
    return Subscription.objects.filter(customer_id=customer_id)


def get_subscription(subscription_id: UUID) -> Subscription:
    """Return the subscription.

    Raises:
        NotFound: the club has none with this id.
    """
    subscription = Subscription.objects.filter(pk=subscription_id).first()
    if subscription is None:
        raise NotFound("No such subscription.")
    return subscription


def by_ids(subscription_ids: list[UUID]) -> QuerySet[Subscription]:
    """Return the subscriptions with these ids, as far as there are any."""
    return Subscription.objects.filter(pk__in=subscription_ids)


def list_entries(subscription_id: UUID) -> QuerySet[CreditEntry]:
    """Return the ledger of one subscription, with what each line was written for."""
    return CreditEntry.objects.filter(subscription_id=subscription_id).select_related("change")


def list_changes(subscription_id: UUID) -> QuerySet[SubscriptionChange]:
    """Return what was done to one subscription."""
    return SubscriptionChange.objects.filter(subscription_id=subscription_id)


def list_members(subscription_id: UUID) -> QuerySet[SubscriptionMember]:
    """Return who shares one subscription."""
    members = SubscriptionMember.objects.select_related("customer")
    return members.filter(subscription_id=subscription_id)


def get_member(subscription_id: UUID, customer_id: UUID) -> SubscriptionMember:
    """Return how a customer shares a subscription.

    Raises:
        NotFound: they don't.
    """
    member = list_members(subscription_id).filter(customer_id=customer_id).first()
    if member is None:
        raise NotFound("This customer does not share the subscription.")
    return member


def had_before(customer_id: UUID) -> QuerySet[Subscription]:
    """Return what the customer has, had, or has still to pay for."""
    return list_of_customer(customer_id).exclude(GIVEN_UP)


def list_usable_by(customer_id: UUID) -> QuerySet[Subscription]:
    """Return a customer's own subscriptions and those that others share with them."""
    return Subscription.objects.filter(pk__in=_usable_by(customer_selectors.ids_of(customer_id)))


def _usable_by(customers: QuerySet[Any, Any]) -> QuerySet[Any, Any]:
    """Return the ids of the subscriptions that ``customers`` (ids) may use: own and shared.

    A union, since PostgreSQL finds neither by an index when they are joined by OR.
    """
    own = Subscription.objects.filter(customer_id__in=customers).values("pk")
    shared = SubscriptionMember.objects.filter(customer_id__in=customers).values("subscription_id")
    return own.union(shared)


def payers_of(customers: QuerySet[Any, Any]) -> QuerySet[Any, Any]:
    """Return the ids of ``customers`` (ids) and of those who share a subscription with them."""
    shared = SubscriptionMember.objects.filter(customer_id__in=customers)
    return customers.union(shared.values("subscription__customer_id"))


def door_rows(customers: QuerySet[Any, Any]) -> QuerySet[Subscription]:
    """Return what a door judges of the subscriptions that ``customers`` (ids) may use, best first.

    That is what runs, in the order of charging: a period before credits, then the earliest end,
    then the oldest. Then the one that expired last.
    """
    expired = (
        Subscription.objects.filter(pk__in=_usable_by(customers), status=SubscriptionStatus.EXPIRED)
        .order_by("-ends_at", "-id")
        .values("pk")[:1]
    )
    return Subscription.objects.filter(
        # Apart: two such conditions joined by OR are found by no index.
        Q(status__in=RUNNING) | Q(pk__in=expired),
        pk__in=_usable_by(customers),
    ).order_by(
        Case(When(status=SubscriptionStatus.EXPIRED, then=1), default=0),
        F("type").desc(),
        F("ends_at").asc(nulls_last=True),
        "id",
    )


def door_lots(
    customers: QuerySet[Any, Any],
) -> QuerySet[CreditLot, tuple[UUID, UUID, datetime | None]]:
    """Return the lots that ``customers`` (ids) may draw on, in the order of drawing.

    Each is (subscription, id, end).
    """
    return (
        CreditLot.objects.filter(
            subscription_id__in=_usable_by(customers),
            subscription__status__in=RUNNING,
            remaining__gt=0,
        )
        .order_by(F("ends_at").asc(nulls_last=True), "id")
        .values_list("subscription_id", "id", "ends_at")
    )


def lock_with_owner(subscription_id: UUID, *others: UUID) -> Subscription:
    """Return the subscription, locked after its owner and the customers ``others``, in id order.

    Needs a transaction.

    Raises:
        NotFound: the club has no such subscription, or one of the others is no customer.
    """
    while True:
        owner = get_subscription(subscription_id).customer_id
        before = transaction.savepoint_create()
        customer_selectors.lock_customers(owner, *others)
        subscription = lock_subscription(subscription_id)
        if subscription.customer_id == owner:
            transaction.savepoint_commit(before)
            return subscription
        # It was transferred while we waited: give the locks back, and ask its new owner's.
        transaction.savepoint_rollback(before)


def lock_subscription(subscription_id: UUID) -> Subscription:
    """Return the subscription, locked; the customer's lock must be held already.

    Raises:
        NotFound: the club has none with this id.
    """
    subscription = (
        Subscription.objects.select_for_update(of=("self",)).filter(pk=subscription_id).first()
    )
    if subscription is None:
        raise NotFound("No such subscription.")
    return subscription


def _paid_for() -> QuerySet[Any, Any]:
    """Return the subscriptions that ran or run, with ``over_at``: when they ended or will."""
    never_ran = Q(ended_at__lte=F("starts_at"))
    not_paid = Q(status=SubscriptionStatus.PENDING) | GIVEN_UP
    return Subscription.objects.exclude(not_paid | never_ran).annotate(
        over_at=Coalesce("ended_at", "ends_at")
    )


def started(since: datetime, until: datetime) -> QuerySet[Any, Any]:
    """Return the subscriptions that started in a half-open span."""
    return _paid_for().filter(starts_at__gte=since, starts_at__lt=until)


def ended(since: datetime, until: datetime) -> QuerySet[Any, Any]:
    """Return the subscriptions that ended in a half-open span, as ``over_at`` says."""
    return _paid_for().filter(over_at__gte=since, over_at__lt=until)


def active_at(moment: datetime) -> QuerySet[Any, Any]:
    """Return the subscriptions that had started and not ended just before ``moment``."""
    return _paid_for().filter(Q(over_at=None) | Q(over_at__gte=moment), starts_at__lt=moment)
