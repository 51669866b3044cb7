from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from platform_shared.kit.errors import NotFound
from tenant_apps.customers.models import Customer


def list_customers() -> QuerySet[Customer]:
    """Return the club's customers."""
    return Customer.objects.all()


def get_customer(customer_id: UUID) -> Customer:
    """Return the customer.

    Raises:
        NotFound: the club has none with this id.
    """
    customer = Customer.objects.filter(pk=customer_id).first()
    if customer is None:
        raise NotFound("No such customer.")
    return customer


def find_customer(customer_id: UUID) -> Customer | None:
    """Return the customer, or None."""
    return Customer.objects.filter(pk=customer_id).first()


def get_by_user(user_id: UUID) -> Customer:
    """Return the customer that this login belongs to.

    Raises:
        NotFound: the account is no customer's.
    """
    customer = Customer.objects.filter(user_id=user_id).first()
    if customer is None:
        raise NotFound("This account is not a customer's.")
    return customer


def ids_of(customer_id: UUID) -> QuerySet[Customer, Any]:
    """Return the id if the club has such a customer, as a subquery."""
    return Customer.objects.filter(pk=customer_id).values("pk")


def lock_rows_of(customers: QuerySet[Any, Any]) -> QuerySet[Customer]:
    """Return the queryset that locks those whose ids the subquery gives, in the ids' order."""
    rows = Customer.objects.filter(pk__in=customers).order_by("pk")
    return rows.select_for_update(of=("self",))


def lock_rows(customer_id: UUID) -> QuerySet[Customer]:
    """Return the queryset that locks one customer; the first lock of every change of credits."""
    return Customer.objects.filter(pk=customer_id).select_for_update(of=("self",))


def lock_customers(*customer_ids: UUID) -> list[Customer]:
    """Lock several customers, in the order of their ids, so that no two callers wait in a ring.

    Raises:
        NotFound: the club has not all of them.
    """
    locked = list(lock_rows_of(Customer.objects.filter(pk__in=customer_ids).values("pk")))
    if len(locked) != len(set(customer_ids)):
        raise NotFound("No such customer.")
    return locked


def lock_customer(customer_id: UUID) -> Customer:
    """Return the customer, locked until the transaction ends.

    Raises:
        NotFound: the club has none with this id.
    """
    customer = lock_rows(customer_id).first()
    if customer is None:
        raise NotFound("No such customer.")
    return customer
