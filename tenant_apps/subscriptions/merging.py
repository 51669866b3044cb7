"""What a merge of two customers moves here."""

from uuid import UUID

from tenant_apps.subscriptions.models import Subscription


def move(duplicate: UUID, survivor: UUID) -> int:
    """Give the survivor the duplicate's subscriptions, with their lots and lines."""
    return Subscription.objects.filter(customer_id=duplicate).update(customer_id=survivor)
