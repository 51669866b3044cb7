"""Who signs in, in tests of accounts."""

from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import jwt
from django.core.mail import EmailMessage

from platform_shared.accounts import selectors, services
from platform_shared.accounts.enums import CLUB_ROLES
from platform_shared.accounts.models import User
from platform_shared.kit.access import Role
from platform_shared.kit.principal import Principal
from tests.support.api import Caller
from tests.support.world import PASSWORD, ClubWorld

NEW_PASSWORD = "quite-another-horse"


def principal(**changes: Any) -> Principal:
    """Return somebody."""
    return Principal(
        **{
            "user_id": UUID(int=1),
            "email": "someone@alpha.test",
            "name": "Someone",
            "role": Role.CLUB_STAFF,
            "club_id": UUID(int=2),
            "session_id": UUID(int=3),
            **changes,
        }
    )


def new_staff(now: datetime, **fields: Any) -> tuple[User, str | None]:
    """Make a member of staff."""
    return services.create_user(
        **{
            "email": "new@alpha.test",
            "name": "New",
            "role": Role.CLUB_STAFF,
            "password": NEW_PASSWORD,
            "now": now,
            **fields,
        }
    )


def user_at(club: ClubWorld, role: Role) -> User:
    user = selectors.find_by_email(club.email(role))
    assert user is not None
    return user


def change(user: User, now: datetime, **changes: Any) -> User:
    return services.change_user(user_id=user.pk, roles=CLUB_ROLES, changes=changes, now=now)


def sign_in(club: ClubWorld, role: Role = Role.CLUB_STAFF, password: str = PASSWORD) -> Any:
    """Return the answer to one who signs in at the club."""
    body = {"email": club.email(role), "password": password}
    return Caller(club.host).post("auth/token", body)


def holder(club: ClubWorld, tokens: Any) -> Caller:
    """Return a caller at the club with the access token among ``tokens``."""
    return Caller(club.host, tokens["access"])


def claims(token: str) -> dict[str, Any]:
    """Return the claims as anybody can read them, unverified."""
    found: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return found


def secret_of(link: str) -> str:
    """Return the secret in a password link."""
    return parse_qs(urlsplit(link).query)["token"][0]


def mailed_secret(mail: EmailMessage) -> str:
    """Return the secret of the one link in a mail."""
    (link,) = [line for line in str(mail.body).splitlines() if line.startswith("http")]
    return secret_of(link)
