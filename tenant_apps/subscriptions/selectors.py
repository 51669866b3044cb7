from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import F, Q, QuerySet
from django.db.models.functions import Coalesce

from platform_shared.kit.errors import NotFound
from tenant_apps.subscriptions.enums import SubscriptionStatus
from tenant_apps.subscriptions.models import CreditLot, Subscription


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


def door_rows(customers: QuerySet[Any, Any]) -> QuerySet[Subscription]:
    """Return what a door judges: the running subscriptions of ``customers`` (ids), best first.

    The order is that of charging: a period before credits, then the earliest end, then the
    oldest.
    """
    return Subscription.objects.filter(
        customer_id__in=customers,
        status__in=(SubscriptionStatus.ACTIVE, SubscriptionStatus.FROZEN),
    ).order_by(F("type").desc(), F("ends_at").asc(nulls_last=True), "id")


def expired_rows(customers: QuerySet[Any, Any]) -> QuerySet[Subscription]:
    """Return the subscription of ``customers`` (ids) that ended last."""
    return Subscription.objects.filter(
        customer_id__in=customers, status=SubscriptionStatus.EXPIRED
    ).order_by("-ends_at", "-id")[:1]


def door_lots(customers: QuerySet[Any, Any]) -> QuerySet[CreditLot]:
    """Return the lots that still hold credits of ``customers`` (ids), in the order of drawing."""
    return CreditLot.objects.filter(
        subscription__customer_id__in=customers,
        subscription__status=SubscriptionStatus.ACTIVE,
        remaining__gt=0,
    ).order_by(F("ends_at").asc(nulls_last=True), "id")


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
    return Subscription.objects.exclude(status=SubscriptionStatus.PENDING).annotate(
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
