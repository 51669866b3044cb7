"""What customers are told about their subscriptions."""

from datetime import datetime, timedelta
from uuid import UUID

from platform_shared.clubs import selectors as club_selectors
from platform_shared.kit import clock
from platform_shared.mail.services import Message
from platform_shared.tenancy import binding
from tenant_apps.customers import selectors as customer_selectors
from tenant_apps.subscriptions import selectors
from tenant_apps.subscriptions.enums import SubscriptionStatus

EXPIRING = """\
Your subscription at {name} ends soon.

Its last day is {day}. {rest}
"""
MOMENT = timedelta(microseconds=1)  # an end is exclusive: what ends at midnight has no such day
CREDITS = "Until then you can use what is left of it: {left}."
PERIOD = "Until then it opens the door as usual."


def expiring(subscription_id: UUID, now: datetime) -> Message | None:
    """Return the reminder that it ends soon; None where that is not so any more, or to nobody."""
    subscription = selectors.get_subscription(subscription_id)
    customer = customer_selectors.get_customer(subscription.customer_id)
    ends_at = subscription.ends_at
    runs = subscription.status == SubscriptionStatus.ACTIVE
    if not runs or ends_at is None or ends_at <= now or subscription.reminded_of != ends_at:
        return None
    if customer.email is None or not customer.is_active:
        return None
    club = binding.current_club()
    left = subscription.credits_left
    return Message(
        to=customer.email,
        subject=f"Your subscription at {club_selectors.name_of_bound()} ends soon",
        text=EXPIRING.format(
            name=club_selectors.name_of_bound(),
            day=clock.local_date(ends_at - MOMENT, club.time_zone).isoformat(),
            rest=PERIOD if left is None else CREDITS.format(left=left),
        ),
    )
