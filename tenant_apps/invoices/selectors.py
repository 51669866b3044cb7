from uuid import UUID

from django.db.models import QuerySet

from platform_shared.kit.errors import NotFound
from platform_shared.kit.ordering import Sort
from tenant_apps.invoices.models import Invoice, InvoiceLine

ORDERINGS = (Sort("issued_at", ("issued_at",)), Sort("number", ("year", "sequence")))


def list_invoices() -> QuerySet[Invoice]:
    """Return the club's invoices with their lines."""
    return Invoice.objects.prefetch_related("lines")


def list_of_customer(customer_id: UUID) -> QuerySet[Invoice]:
    """Return one customer's invoices."""
    return list_invoices().filter(customer_id=customer_id)


def get_invoice(invoice_id: UUID, *, customer_id: UUID | None = None) -> Invoice:
    """Return the invoice; with ``customer_id`` only if it is that customer's.

    Raises:
        NotFound: there is none.
    """
    invoices = list_invoices() if customer_id is None else list_of_customer(customer_id)
    invoice = invoices.filter(pk=invoice_id).first()
    if invoice is None:
        raise NotFound("No such invoice.")
    return invoice


def subscriptions_of(invoice_id: UUID) -> list[UUID]:
    """Return the ids of the subscriptions that the invoice is for."""
    lines = InvoiceLine.objects.filter(invoice_id=invoice_id, subscription__isnull=False)
    return [line.subscription_id for line in lines if line.subscription_id is not None]
