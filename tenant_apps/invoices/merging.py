"""What a merge of two customers moves here."""

from uuid import UUID

from tenant_apps.invoices.models import Invoice


def move(duplicate: UUID, survivor: UUID) -> int:
    """Give the survivor the duplicate's invoices, which stay as they were issued."""
    return Invoice.objects.filter(customer_id=duplicate).update(customer_id=survivor)
