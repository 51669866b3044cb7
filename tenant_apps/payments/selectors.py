from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet

from platform_shared.kit.errors import NotFound
from platform_shared.kit.ordering import Sort
from tenant_apps.payments.models import Payment

BY_PAID_AT = Sort("paid_at", ("paid_at",), or_never=True)


def list_payments() -> QuerySet[Payment]:
    """Return the club's payments with their invoices."""
    return Payment.objects.select_related("invoice")


def list_of_customer(customer_id: UUID) -> QuerySet[Payment]:
    """Return the payments for one customer's invoices."""
    return list_payments().filter(invoice__customer_id=customer_id)


def get_payment(payment_id: UUID) -> Payment:
    """Return the payment.

    Raises:
        NotFound: the club has none with this id.
    """
    payment = list_payments().filter(pk=payment_id).first()
    if payment is None:
        raise NotFound("No such payment.")
    return payment


def received(since: datetime, until: datetime) -> QuerySet[Payment]:
    """Return the payments that arrived in a half-open span."""
    return Payment.objects.filter(paid_at__gte=since, paid_at__lt=until)
