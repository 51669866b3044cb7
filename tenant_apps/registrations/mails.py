"""What is sent to those who register themselves. What they have typed is not in it."""

from datetime import datetime
from uuid import UUID

from platform_shared.accounts import selectors as account_selectors
from platform_shared.accounts import services as account_services
from platform_shared.clubs import selectors as club_selectors
from platform_shared.kit.access import Role
from platform_shared.mail.services import Message
from tenant_apps.registrations import selectors, services

CONFIRM = """\
Somebody, hopefully you, wants to register with this address at {name}.

With this link you confirm that it is yours, and choose a password. It works once, for three days:

{link}

If it was not you, there is nothing to do: without the link nothing comes of it.
"""
KNOWN = """\
Somebody, hopefully you, wants to register with this address at {name}. There is an account with it
already, so there is nothing to register.

If you have forgotten its password, set one with this link. It works once, for three days:

{link}

If it was not you, there is nothing to do: your account stays as it is.
"""


def registration(registration_id: UUID, now: datetime) -> Message | None:
    """Return the link that confirms, or to who has a login the one that sets a password.

    None once the registration is over, and for an account that is deactivated.
    """
    found = selectors.find_open(registration_id, now)
    if found is None:
        return None
    login = account_selectors.find_by_email(found.email)
    if login is None:
        text, link = CONFIRM, services.create_link(registration=found)
    elif login.is_active:
        text = KNOWN
        link = account_services.renew_password_link(
            user_id=login.pk, roles=Role, now=now, others_end=False
        )
    else:
        return None
    name = club_selectors.name_of_bound()
    return Message(
        to=found.email,
        subject=f"Your registration at {name}",
        text=text.format(name=name, link=link),
    )
