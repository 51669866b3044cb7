from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from platform_shared.accounts import selectors as account_selectors
from platform_shared.accounts import services as account_services
from platform_shared.accounts.errors import EmailTaken
from platform_shared.clubs import services as club_services
from platform_shared.kit import emails, locks
from platform_shared.kit.access import Role
from platform_shared.plans.enums import Limit
from platform_shared.tenancy import binding
from tenant_apps.customers import selectors
from tenant_apps.customers.errors import AlreadyInvited, CustomerHasNoEmail
from tenant_apps.customers.models import Customer

NOBODY = UUID(int=0)


def create_customer(*, now: datetime, **fields: Any) -> Customer:
    """Add a customer; ``fields`` are the model's.

    Raises:
        EmailTaken: with ``customer``, the one that has it.
        PlanLimitReached: the plan has no room.
    """
    with transaction.atomic():
        _claim_email(fields)
        _require_room()
        return Customer.objects.create(**fields, created_at=now)


def change_customer(*, customer_id: UUID, changes: dict[str, Any]) -> Customer:
    """Change a customer's record; deactivating closes every door to them at once.

    Locks: the customer.

    Raises:
        NotFound: no such customer.
        EmailTaken: with ``customer``, the one that has it.
        PlanLimitReached: reactivating would exceed the plan.
    """
    with transaction.atomic():
        customer = selectors.lock_customer(customer_id)
        _claim_email(changes, own_id=customer_id)
        if changes.get("is_active") and not customer.is_active:
            _require_room()
        for field, value in changes.items():
            setattr(customer, field, value)
        customer.save(update_fields=list(changes) or ["name"])
        return customer


def invite_customer(*, customer_id: UUID, password: str | None, now: datetime) -> str | None:
    """Give a customer a login; return the link to set its password, unless one is given.

    Who was invited and has set no password yet gets a fresh link, and older ones end.

    Locks: the customer, then the login that there is.

    Raises:
        CustomerHasNoEmail, EmailTaken.
        AlreadyInvited: the login is in use.
    """
    with transaction.atomic():
        customer = selectors.lock_customer(customer_id)
        if customer.email is None:
            raise CustomerHasNoEmail
        if customer.user_id is not None:
            login = account_selectors.lock_user(customer.user_id, Role.CUSTOMER)
            if login.has_usable_password() or password is not None:
                raise AlreadyInvited
            return account_services.renew_invitation(
                user=login, email=customer.email, name=customer.name, now=now
            )
        user, link = account_services.create_user(
            email=customer.email,
            name=customer.name,
            role=Role.CUSTOMER,
            password=password,
            now=now,
        )
        customer.user = user
        customer.save(update_fields=["user"])
        return link


def _claim_email(fields: dict[str, Any], own_id: UUID | None = None) -> None:
    """Normalise the e-mail in ``fields`` and make sure that no other customer has it."""
    if fields.get("email") is None:
        return
    fields["email"] = emails.normalise(fields["email"])
    locks.take("customer-email", binding.scope(), fields["email"])
    other = Customer.objects.filter(email=fields["email"]).exclude(pk=own_id or NOBODY).first()
    if other is not None:
        raise EmailTaken("Another customer has this e-mail address.", customer=str(other.pk))


def _require_room() -> None:
    club_services.require_room(Limit.CUSTOMERS, Customer.objects.filter(is_active=True))
