"""What a merge of two customers moves here."""

from uuid import UUID

from tenant_apps.qr_codes.models import QRCode


def move(duplicate: UUID, survivor: UUID) -> int:
    """Give the survivor the duplicate's codes, which open the same doors as before."""
    return QRCode.objects.filter(customer_id=duplicate).update(customer_id=survivor)
