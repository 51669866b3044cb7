"""From the text of an API key to a principal."""

from typing import Any

from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from platform_shared.accounts.errors import InvalidToken
from platform_shared.accounts.throttles import FORGED_TOKENS
from platform_shared.kit import clock, context
from platform_shared.kit.errors import DomainError
from platform_shared.kit.principal import KeyPrincipal
from platform_shared.tenancy import throttling
from tenant_apps.api_keys import key_texts, lookups


class ApiKeyAuthentication(BaseAuthentication):
    """Takes a bearer token that looks like a key; any other is left to whoever comes next."""

    is_for_programs = True

    @staticmethod
    def refusals(view: Any, method: str) -> tuple[type[DomainError], ...]:
        """Return what a key can be refused with."""
        return (InvalidToken,)

    def authenticate(self, request: Request) -> tuple[KeyPrincipal, None] | None:
        scheme, _, text = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
        if scheme.lower() != "bearer" or not text.startswith(key_texts.PREFIX):
            return None
        principal = lookups.find_principal(text, now=clock.now())
        if principal is None:
            raise self._missed(request)
        context.user_id.set(f"api_key:{principal.key_id}")
        return principal, None

    def _missed(self, request: Request) -> Exception:
        """Count a key that does not open; who has one that does is not shut out by the count."""
        view: Any = (request.parser_context or {})["view"]
        missed = throttling.miss(FORGED_TOKENS, request) if view.counts_forged_tokens else None
        return missed or InvalidToken()

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"
