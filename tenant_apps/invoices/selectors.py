from uuid import UUID

from django.db.models import QuerySet

from platform_shared.kit.errors import NotFound
from tenant_apps.invoices.models import Invoice, InvoiceLine


def list_invoices() -> QuerySet[Invoice]:
    """Return the club's invoices with their lines."""
    return Invoice.objects.prefetch_related("lines")


def list_of_customer(customer_id: UUID) -> QuerySet[Invoice]:
    """Return one customer's invoices."""
    return list_invoices().filter(customer_id=customer_id)


def get_invoice(invoice_id: UUID) -> Invoice:
    """Return the invoice.

    Raises:
        NotFound: the club has none with this id.
    """
    invoice = list_invoices().filter(pk=invoice_id).first()
    if invoice is None:
        raise NotFound("No such invoice.")
    return invoice


def subscriptions_of(invoice_id: UUID) -> list[UUID]:
    """Return the ids of the subscriptions that the invoice is for."""
    lines = InvoiceLine.objects.filter(invoice_id=invoice_id, subscription__isnull=False)
    return [line.subscription_id for line in lines if line.subscription_id is not None]
