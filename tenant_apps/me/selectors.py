"""What a customer may see of the club's rows."""

from uuid import UUID

from django.db.models import prefetch_related_objects

from tenant_apps.customers import selectors as customer_selectors
from tenant_apps.customers.models import Customer


def get_record(user_id: UUID) -> Customer:
    """Return the customer that this login belongs to, with their home locations.

    Raises:
        NotFound: the account is no customer's.
    """
    customer = customer_selectors.get_by_user(user_id)
    prefetch_related_objects([customer], "home_locations__location")
    return customer
