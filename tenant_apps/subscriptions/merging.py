"""What a merge of two customers moves here."""

from uuid import UUID

from django.db.models import Q

from tenant_apps.subscriptions.models import Subscription, SubscriptionMember


def move(duplicate: UUID, survivor: UUID) -> int:
    """Give the survivor the duplicate's subscriptions, with their lots and lines.

    What one of the two shared with the other, or somebody with both, they share no more or once.
    """
    shared = SubscriptionMember.objects.filter(customer_id=duplicate)
    has_already = Subscription.objects.filter(
        Q(customer_id=survivor) | Q(members__customer_id=survivor)
    )
    shared.filter(subscription__in=has_already).delete()
    shared.update(customer_id=survivor)
    SubscriptionMember.objects.filter(
        customer_id=survivor, subscription__customer_id=duplicate
    ).delete()
    return Subscription.objects.filter(customer_id=duplicate).update(customer_id=survivor)
