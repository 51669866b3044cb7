"""Who signs in, in tests of accounts."""

from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import jwt
from django.core.mail import EmailMessage

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
