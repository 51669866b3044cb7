"""People who register themselves, and the link that they get."""

from datetime import date
from typing import Any

from django.core.mail import EmailMessage

from platform_shared.clubs import services as club_services
from platform_shared.kit import clock
from tenant_apps.customers.models import Customer
from tenant_apps.registrations import services
from tests.platform_shared.accounts.crew import mailed_secret
from tests.support.background import relay
from tests.support.world import ClubWorld

EMAIL = "rita@guests.test"
CHOSEN = "chosen-by-rita-herself"


def let_register(club: ClubWorld, allowed: bool = True) -> None:
    """Have the club let people register themselves, or not."""
    club_services.change_settings(club_id=club.ref.id, changes={"self_registration": allowed})


def register(**fields: Any) -> None:
    """Fill in the form of the bound club."""
    services.register(
        **{
            "name": "Rita",
            "email": EMAIL,
            "phone": "+49 30 1234",
            "birth_date": date(1990, 5, 17),
            "now": clock.now(),
            **fields,
        }
    )


def mailed(mailoutbox: list[EmailMessage]) -> str:
    """Have the mail sent; return the secret of the link in the newest one."""
    relay()
    return mailed_secret(mailoutbox[-1])


def confirm(secret: str, **fields: Any) -> Customer:
    return services.confirm(**{"secret": secret, "password": CHOSEN, "now": clock.now(), **fields})


def customers() -> int:
    """Return how many customers of the bound club have the e-mail."""
    return Customer.objects.filter(email=EMAIL).count()
