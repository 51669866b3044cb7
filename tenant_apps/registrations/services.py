"""Registering oneself: written down, proved by a link that is mailed, and only then a customer."""

from datetime import date, datetime, timedelta
from uuid import UUID

from django.db import transaction

from platform_shared.clubs import selectors as club_selectors
from platform_shared.due_work import services as due_work
from platform_shared.kit import locks, one_time
from platform_shared.mail import services as mail
from platform_shared.tenancy import binding, hosts
from tenant_apps.customers import selectors as customer_selectors
from tenant_apps.customers import services as customer_services
from tenant_apps.customers.errors import CustomerInactive
from tenant_apps.customers.models import Customer
from tenant_apps.registrations import selectors
from tenant_apps.registrations.errors import RegistrationClosed
from tenant_apps.registrations.models import Registration

LIFETIME = timedelta(days=3)
PAUSE = timedelta(minutes=1)
ASKED = "registrations.asked"
EXPIRY = "registrations.expiry"


def register(
    *, name: str, email: str, phone: str = "", birth_date: date | None = None, now: datetime
) -> None:
    """Write down who wants to be a customer, and have a link mailed that proves the e-mail.

    No customer and no account is looked at: answer and work are the same, whoever has the e-mail.

    Locks: the e-mail (advisory). Idempotent by: the e-mail, for a minute, so that nobody's
    mailbox is filled by a form.

    Raises:
        RegistrationClosed: the club does not let people register themselves.
        InvalidInput: no phone number.
    """
    _require_open()
    customer_services.columns_of({"phone": phone})  # now, while there is somebody to mend it
    with transaction.atomic():
        _lock_email(email)
        if Registration.objects.filter(email=email, created_at__gt=now - PAUSE).exists():
            return
        registration = Registration.objects.create(
            email=email,
            name=name,
            phone=phone,
            birth_date=birth_date,
            created_at=now,
            expires_at=now + LIFETIME,
        )
        due_work.schedule(kind=EXPIRY, subject_id=registration.pk, due_at=registration.expires_at)
        mail.send(kind=ASKED, subject_id=registration.pk, now=now)


def create_link(*, registration: Registration) -> str:
    """Return a link that confirms the registration; an older one ends.

    The secret is only in the link: the database keeps its SHA-256.
    """
    secret = one_time.new_secret()
    rows = Registration.objects.filter(pk=registration.pk)
    rows.update(token_hash=one_time.digest(secret))
    return hosts.external_url(f"/api/v1/registrations/confirm?token={secret}")


def confirm(*, secret: str, password: str, now: datetime) -> Customer:
    """Return the customer, now with a login, of who has followed the link.

    Where the club has a customer with this e-mail, the login is theirs and their record stays as
    it is.

    Locks: the e-mail (advisory), then what making a customer and a login locks.
    Idempotent by: the link, which works once; every other registration of the e-mail ends.

    Raises:
        RegistrationClosed: the club has changed its mind.
        InvalidRegistrationLink: unknown, used or expired.
        InvalidInput: the password is too weak; the link stays usable.
        PlanLimitReached: the plan has no room for another customer.
        CustomerInactive, AlreadyInvited, EmailTaken: what has become of the e-mail meanwhile.
    """
    _require_open()
    with transaction.atomic():
        _lock_email(selectors.get_by_secret(secret, now).email)
        registration = selectors.get_by_secret(secret, now)  # may have been used while we waited
        same = customer_selectors.list_customers().filter(email=registration.email)
        customer = same.first() or customer_services.create_customer(
            name=registration.name,
            email=registration.email,
            phone=registration.phone,
            birth_date=registration.birth_date,
            allow_duplicate=True,  # whoever shares a number or a name would learn it here
            now=now,
        )
        if not customer.is_active:
            raise CustomerInactive
        customer_services.invite_customer(customer_id=customer.pk, password=password, now=now)
        Registration.objects.filter(email=registration.email).delete()
        return customer


def forget_if_over(registration_id: UUID, now: datetime) -> None:
    """Delete a registration that nobody has confirmed in time (due work).

    Idempotent by: the row.
    """
    Registration.objects.filter(pk=registration_id, expires_at__lte=now).delete()


def _require_open() -> None:
    if not club_selectors.lets_customers_register(binding.current_club().id):
        raise RegistrationClosed


def _lock_email(email: str) -> None:
    locks.take("registration-email", binding.scope(), email)
