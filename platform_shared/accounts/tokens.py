"""JSON Web Tokens: EdDSA, several keys by ``kid``, and bound to one audience.

The audience is a club's id or ``platform``; a token opens nothing else. simplejwt builds and
checks the standard claims; what it lacks is key choice by ``kid`` and an audience per request.
"""

from functools import lru_cache
from typing import Any
from uuid import UUID

import jwt
from django.conf import settings
from rest_framework_simplejwt.backends import TokenBackend
from rest_framework_simplejwt.exceptions import ExpiredTokenError, TokenBackendError, TokenError
from rest_framework_simplejwt.tokens import AccessToken as BaseAccessToken
from rest_framework_simplejwt.tokens import RefreshToken as BaseRefreshToken

from platform_shared.accounts import keys
from platform_shared.accounts.errors import InvalidToken, SupportSessionRequired
from platform_shared.kit import clock
from platform_shared.kit.principal import Principal

PLATFORM_AUDIENCE = "platform"


class KeyRingBackend(TokenBackend):
    """simplejwt's backend, with the key chosen by the token's ``kid``."""

    def encode(self, payload: dict[str, Any]) -> str:
        key = keys.signing_key()
        return jwt.encode(
            {**payload, "iss": self.issuer},
            key.private,
            algorithm=self.algorithm,
            headers={"kid": key.kid},
        )

    def get_verifying_key(self, token: Any) -> Any:
        try:
            kid = jwt.get_unverified_header(token).get("kid")
        except jwt.InvalidTokenError as error:
            raise TokenBackendError("Token is invalid") from error
        key = keys.all_keys().get(str(kid))
        if key is None:
            raise TokenBackendError("Token is invalid")
        return key.public


_backend = KeyRingBackend("EdDSA", issuer=settings.JWT_ISSUER)


class AccessToken(BaseAccessToken):
    """Minutes long; carries who, in which club, by which session."""

    _token_backend = _backend


class RefreshToken(BaseRefreshToken):
    """Weeks long; spent once. Only its hash is stored."""

    _token_backend = _backend


def audience_of(club_id: UUID | None) -> str:
    """Return the audience for a club's tokens, or the platform's when there is no club."""
    return PLATFORM_AUDIENCE if club_id is None else str(club_id)


def _claim(token: Any, principal: Principal) -> Any:
    token["sub"] = token["userId"] = str(principal.user_id)
    token["clubId"] = None if principal.club_id is None else str(principal.club_id)
    token["role"] = str(principal.role)
    token["sid"] = str(principal.session_id)
    token["aud"] = audience_of(principal.club_id)
    return token


def access_for(principal: Principal) -> AccessToken:
    """Return a new access token; ``permissions`` in it are for clients, never for our checks."""
    token = _claim(AccessToken(), principal)
    token["permissions"] = sorted(principal.permissions)
    token["support"] = principal.support
    if principal.support:
        token["name"] = principal.name  # the club has no row of a system admin to ask
    result: AccessToken = token
    return result


def refresh_for(principal: Principal) -> RefreshToken:
    """Return a new refresh token of the principal's session."""
    token: RefreshToken = _claim(RefreshToken(), principal)
    return token


@lru_cache(maxsize=2048)
def _verified(kind: type[Any], raw: str, seeds: tuple[bytes, ...]) -> Any:
    """Return the verified token, which is nobody's to change.

    Programs and doors send the same one for minutes, and its signature stays what it is as long
    as the keys (``seeds``) do; whether it is over is asked each time.
    """
    return kind(raw)


def read[T: (AccessToken, RefreshToken)](kind: type[T], raw: str, club_id: UUID | None) -> T:
    """Return the verified token, which must have been made for this very audience.

    Raises:
        InvalidToken: malformed, expired, of another kind, or another club's.
        SupportSessionRequired: the platform's token at a club.
    """
    try:
        token: T = _verified(kind, raw, tuple(settings.JWT_KEYS))  # type: ignore[arg-type]
        if token["exp"] <= clock.now().timestamp():
            raise InvalidToken
        for claim in ("sub", "sid", "aud", "iat"):
            if claim not in token:
                raise InvalidToken
    except ExpiredTokenError as error:
        raise InvalidToken from error
    except TokenError as error:
        forged = isinstance(error.__cause__, TokenBackendError)
        raise InvalidToken(forged=forged) from error
    if token["aud"] != audience_of(club_id):
        if token["aud"] == PLATFORM_AUDIENCE:
            raise SupportSessionRequired
        raise InvalidToken
    return token
