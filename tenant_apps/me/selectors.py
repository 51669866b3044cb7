"""What a customer may see of the club's rows."""

from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet, prefetch_related_objects

from platform_shared.kit.errors import NotFound
from tenant_apps.checkins import selectors as checkin_selectors
from tenant_apps.customers import selectors as customer_selectors
from tenant_apps.customers.models import Customer
from tenant_apps.subscriptions import selectors as subscription_selectors
from tenant_apps.subscriptions.models import CreditEntry


def get_record(user_id: UUID) -> Customer:
    """Return the customer that this login belongs to, with their home locations.

    Raises:
        NotFound: the account is no customer's.
    """
    customer = customer_selectors.get_by_user(user_id)
    prefetch_related_objects([customer], "home_locations__location")
    return customer


def list_subscriptions(customer_id: UUID) -> QuerySet[Any, Any]:
    """Return what the customer may use, own and shared, with ``is_own`` and whose it is."""
    usable = subscription_selectors.list_usable_by(customer_id).select_related("customer")
    return usable.annotate(is_own=Q(customer_id=customer_id))


def get_subscription(subscription_id: UUID, customer_id: UUID) -> Any:
    """Return one of ``list_subscriptions``.

    Raises:
        NotFound: the customer may use none with this id.
    """
    subscription = list_subscriptions(customer_id).filter(pk=subscription_id).first()
    if subscription is None:
        raise NotFound("No such subscription.")
    return subscription


def list_entries(subscription_id: UUID, customer_id: UUID) -> QuerySet[CreditEntry]:
    """Return the ledger of one of ``list_subscriptions``.

    Of a shared one it is what the customer's own visits took and gave back.

    Raises:
        NotFound: the customer may use no subscription with this id.
    """
    subscription = get_subscription(subscription_id, customer_id)
    entries = subscription_selectors.list_entries(subscription.pk)
    if subscription.is_own:
        return entries
    own_visits = checkin_selectors.list_of_customer(customer_id).values("pk")
    return entries.filter(check_in_id__in=own_visits)
