"""Whose a subscription is, and who else may use it."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from platform_shared.kit.errors import missing_reference
from platform_shared.kit.preconditions import UNCONDITIONAL, Precondition
from platform_shared.kit.principal import Actor, stamp
from tenant_apps.customers import selectors as customer_selectors
from tenant_apps.customers.errors import CustomerInactive
from tenant_apps.subscriptions import selectors, states
from tenant_apps.subscriptions.enums import Action
from tenant_apps.subscriptions.errors import AlreadyMember, NotShareable, SameCustomer
from tenant_apps.subscriptions.models import Subscription, SubscriptionMember
from tenant_apps.subscriptions.services import changes, settling


def transfer_subscription(
    *, subscription_id: UUID, customer_id: UUID, reason: str, now: datetime, actor: Actor
) -> Subscription:
    """Make a subscription, with all that is left of it, another customer's.

    What has been stays where it was: check-ins name who came, the ledger is the subscription's.

    Locks: both customers in the order of their ids, then the subscription.

    Raises:
        NotFound: no such subscription.
        InvalidInput: no such customer.
        ChangeNotAllowed: it does not run.
        SameCustomer: it is theirs already.
        CustomerInactive: they are deactivated.
    """
    with transaction.atomic():
        subscription = _lock(subscription_id, customer_id, now)
        states.after(Action.TRANSFER, subscription.status)
        if subscription.customer_id == customer_id:
            raise SameCustomer
        changes.record(
            subscription,
            Action.TRANSFER,
            now=now,
            actor=actor,
            reason=reason,
            customer_before=str(subscription.customer_id),
            customer=str(customer_id),
        )
        SubscriptionMember.objects.filter(
            subscription=subscription, customer_id=customer_id
        ).delete()
        subscription.customer_id = customer_id
        subscription.save(update_fields=["customer_id"])
        return subscription


def _lock(subscription_id: UUID, customer_id: UUID, now: datetime) -> Subscription:
    """Lock the subscription and a customer who is to get something of it."""
    if customer_selectors.find_customer(customer_id) is None:
        raise missing_reference("customer")
    subscription = settling.lock_current(subscription_id, now, customer_id)
    customer = customer_selectors.get_customer(customer_id)
    customer_selectors.require_unmerged(customer)
    if not customer.is_active:
        raise CustomerInactive
    return subscription


def add_member(
    *, subscription_id: UUID, customer_id: UUID, now: datetime, actor: Actor
) -> SubscriptionMember:
    """Let another customer use a subscription; whose visit it was, their check-ins say.

    Locks: both customers in the order of their ids, then the subscription.

    Raises:
        NotFound: no such subscription.
        InvalidInput: no such customer.
        ChangeNotAllowed: it is over.
        SameCustomer, AlreadyMember: they may use it as it is.
        NotShareable: with ``max_members``, by the package.
        CustomerInactive: they are deactivated.
    """
    with transaction.atomic():
        subscription = _lock(subscription_id, customer_id, now)
        states.after(Action.ADD_MEMBER, subscription.status)
        members = SubscriptionMember.objects.filter(subscription=subscription)
        if subscription.customer_id == customer_id:
            raise SameCustomer
        if members.filter(customer_id=customer_id).exists():
            raise AlreadyMember
        if members.count() >= subscription.max_members:
            raise NotShareable(max_members=subscription.max_members)
        changes.record(
            subscription, Action.ADD_MEMBER, now=now, actor=actor, customer=str(customer_id)
        )
        return SubscriptionMember.objects.create(
            subscription=subscription, customer_id=customer_id, added_at=now, **stamp(actor)
        )


def remove_member(
    *,
    subscription_id: UUID,
    customer_id: UUID,
    now: datetime,
    actor: Actor,
    precondition: Precondition = UNCONDITIONAL,
) -> None:
    """Let a customer use a subscription no more.

    Locks: the owner, then the subscription.

    Raises:
        NotFound: no such subscription, or they do not share it.
        PreconditionFailed: it is not the membership that the caller has seen.
    """
    with transaction.atomic():
        subscription = settling.lock_current(subscription_id, now)
        member = selectors.get_member(subscription_id, customer_id)
        precondition.require(member)
        member.delete()
        changes.record(
            subscription, Action.REMOVE_MEMBER, now=now, actor=actor, customer=str(customer_id)
        )
