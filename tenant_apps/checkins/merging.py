"""What a merge of two customers means for the log, whose rows stay as they are."""

from uuid import UUID

from tenant_apps.checkins.models import CheckIn


def count(duplicate: UUID, survivor: UUID) -> int:
    """Return how many rows of the log are the survivor's from now on."""
    return CheckIn.objects.filter(customer_id=duplicate).count()
