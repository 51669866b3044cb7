"""From a bearer token to a principal; the club is checked on every request."""

from dataclasses import replace
from typing import Any
from uuid import UUID

from rest_framework.request import Request
from rest_framework_simplejwt.authentication import JWTAuthentication

from platform_shared.accounts import sessions, tokens
from platform_shared.accounts.errors import InvalidToken, SupportSessionRequired
from platform_shared.accounts.throttles import FORGED_TOKENS
from platform_shared.kit import clock, context
from platform_shared.kit.errors import DomainError
from platform_shared.kit.principal import Principal
from platform_shared.tenancy import binding, throttling
from platform_shared.tenancy.club_ref import ClubRef


class Authentication(JWTAuthentication):
    """simplejwt's header parsing; the token, its audience and its session are ours to check."""

    @staticmethod
    def refusals(view: Any, method: str) -> tuple[type[DomainError], ...]:
        """Return what a token can be refused with."""
        at_club = (SupportSessionRequired,) if view.on_club_hosts else ()
        return (InvalidToken, *at_club)

    def authenticate(self, request: Request) -> tuple[Principal, Any] | None:  # type: ignore[override]
        header = self.get_header(request)
        if header is None:
            return None
        raw = self.get_raw_token(header)
        if raw is None:
            return None
        bound = binding.current()
        club_id = bound.id if isinstance(bound, ClubRef) else None
        token = self._read(request, raw.decode("latin-1"), club_id)
        try:
            session_id, user_id = UUID(token["sid"]), UUID(token["sub"])
        except ValueError as error:
            raise InvalidToken from error
        principal = sessions.find_principal(
            session_id, support=bool(token.get("support")), now=clock.now()
        )
        if principal is None or principal.user_id != user_id:
            raise InvalidToken
        if principal.support:
            principal = replace(principal, name=token.get("name", principal.name))
        context.user_id.set(str(user_id))
        return principal, token

    def _read(self, request: Request, raw: str, club_id: UUID | None) -> tokens.AccessToken:
        try:
            return tokens.read(tokens.AccessToken, raw, club_id)
        except InvalidToken as error:
            view = request.parser_context["view"]
            if error.inner_code == "forged" and view.counts_forged_tokens:
                raise throttling.miss(FORGED_TOKENS, request) or error from error
            raise
