"""Calling the API in process, as somebody, on a host."""

import json
from typing import Any

from django.http import HttpResponse
from django.test import Client

from platform_shared.accounts import services as account_services
from platform_shared.kit import clock
from platform_shared.kit.access import Role
from platform_shared.tenancy import binding
from tests.support.world import PASSWORD, ClubWorld

PLATFORM_HOST = "platform.localhost"


class Caller:
    """An HTTP client bound to a host and, maybe, a token; paths are below ``/api/v1/``.

    A body that is a text is sent as a CSV file; an answer in parts is read to its end.
    """

    def __init__(self, host: str, access: str | None = None) -> None:
        self.host = host
        self.access = access
        self._client = Client(raise_request_exception=False)

    def request(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        url = path if path.startswith("/") else f"/api/v1/{path}"
        if self.access:
            headers.setdefault("Authorization", f"Bearer {self.access}")
        is_file = isinstance(body, str)
        sent = body if is_file else "" if body is None else json.dumps(body, default=str)
        response = self._client.generic(
            method,
            url,
            data=sent,
            content_type="text/csv" if is_file else "application/json",
            headers={"Host": self.host, **headers},
        )
        if not response.streaming:
            return response
        parts = b"".join(response.streaming_content)
        return HttpResponse(parts, status=response.status_code, headers=response.headers)

    def get(self, path: str, **headers: str) -> Any:
        return self.request("GET", path, **headers)

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        return self.request("POST", path, {} if body is None else body, **headers)

    def patch(self, path: str, body: Any, **headers: str) -> Any:
        return self.request("PATCH", path, body, **headers)


def access_token(target: ClubWorld | None, role: Role) -> str:
    """Return an access token of the world's account with ``role`` (of the platform for None)."""
    if target is None:
        with binding.platform():
            return account_services.sign_in(
                email="root@platform.test", password=PASSWORD, now=clock.now()
            ).access
    with binding.club(target.ref):
        return account_services.sign_in(
            email=target.email(role), password=PASSWORD, now=clock.now()
        ).access


def support_token(club: ClubWorld, *, minutes: int = 30) -> str:
    """Return the token of a support session of the world's system admin at the club."""
    root = Caller(PLATFORM_HOST, access_token(None, Role.SYSTEM_ADMIN))
    begun = root.post(
        f"clubs/{club.ref.id}/support-sessions", {"reason": "Help", "minutes": minutes}
    )
    token: str = begun.json()["access"]
    return token


def as_role(target: ClubWorld | None, role: Role | None) -> Caller:
    """Return a caller at the club (or, for None, the platform) with a role's token, or nobody's."""
    host = target.host if target else PLATFORM_HOST
    return Caller(host, access_token(target, role) if role else None)
