"""What is sent to those who have an account."""

from datetime import datetime
from uuid import UUID

from platform_shared.accounts import selectors, services
from platform_shared.accounts.errors import AccountInactive
from platform_shared.clubs import selectors as club_selectors
from platform_shared.kit.access import Role
from platform_shared.kit.errors import NotFound
from platform_shared.mail.services import Message

FORGOTTEN = """\
Somebody, hopefully you, has asked for a new password for your account at {name}.

With this link you set one. It works once, for three days:

{link}

If it was not you, there is nothing to do: your password stays as it is.
"""


def password_link(user_id: UUID, now: datetime) -> Message | None:
    """Return a fresh link for the account; None if it is nobody's, or deactivated."""
    try:
        link = services.renew_password_link(user_id=user_id, roles=Role, now=now, others_end=False)
    except (NotFound, AccountInactive):
        return None
    name = club_selectors.name_of_bound()
    return Message(
        to=selectors.get_user(user_id, *Role).email,
        subject=f"Your password at {name}",
        text=FORGOTTEN.format(name=name, link=link),
    )
