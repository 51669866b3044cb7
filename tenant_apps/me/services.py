"""What customers change by themselves."""

from datetime import datetime
from typing import Any
from uuid import UUID

from platform_shared.kit.preconditions import UNCONDITIONAL, Precondition
from tenant_apps.customers import selectors as customer_selectors
from tenant_apps.customers import services as customer_services
from tenant_apps.customers.models import Customer
from tenant_apps.me import selectors


def change_record(
    *,
    user_id: UUID,
    changes: dict[str, Any],
    now: datetime,
    precondition: Precondition = UNCONDITIONAL,
) -> Customer:
    """Change the record of the customer that this login belongs to.

    Locks: as ``customers.services.change_customer``.

    Raises:
        NotFound: the account is no customer's.
        PreconditionFailed: the record is no longer as its customer has seen it.
        InvalidInput: no phone number.
        CustomerMerged: just now; the login has moved to the customer who is left.
    """
    customer_services.change_customer(
        customer_id=customer_selectors.get_by_user(user_id).pk,
        changes=changes,
        allow_duplicate=True,  # a refusal would tell that the club knows somebody by the number
        now=now,
        precondition=precondition,
    )
    return selectors.get_record(user_id)
