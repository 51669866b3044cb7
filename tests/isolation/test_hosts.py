"""Which club answers is decided by the host's name, and by nothing else that a client sends."""

import json
from typing import Any

import pytest
from django.test import Client

from platform_shared.clubs.models import Club
from platform_shared.kit.access import Role
from platform_shared.tenancy import binding, hosts
from platform_shared.tenancy.errors import ClubNotBound
from tenant_apps.customers import selectors as customer_selectors
from tests.support import api
from tests.support.api import PLATFORM_HOST, Caller
from tests.support.world import ClubWorld

UNKNOWN = [
    "",
    "localhost",
    "unknown.localhost",
    "alpha.localhost.evil.test",
    "evil.test.alpha.localhost",
    "alphalocalhost",
    "alpha..localhost",
    ".alpha.localhost",
    "alpha.localhost..",
    "alpha.localhost@evil.test",
    "evil.test@alpha.localhost",
    "alpha.localhost#evil.test",
    "alpha.localhost/evil.test",
    "alpha.localhost,beta.localhost",
    "alpha.localhost beta.localhost",
    "alpha.localhost\tbeta.localhost",
    "alpha.localhost:80:80",
    "alpha.localhost:port",
    "alpha.localhost:",
    "alpha.localhost:999999",
    "alph\xe4.localhost",
    "al%70ha.localhost",
    "*.localhost",
    "alpha_.localhost",
    "127.0.0.1",
    "[::1]",
    "a" * 300 + ".localhost",
]
SAME = [
    "alpha.localhost",
    "ALPHA.localhost",
    "Alpha.LocalHost",
    "alpha.localhost:8000",
    "alpha.localhost.",
    "ALPHA.LOCALHOST.:65535",
    " alpha.localhost ",
]


def asked(host: str, token: str | None = None, **headers: str) -> Any:
    return Caller(host, token).request("GET", "me", **headers)


class TestUnknownHost:
    @pytest.mark.parametrize("host", UNKNOWN)
    def test_is_nobodys(self, host: str, admin_a: Caller) -> None:
        answer = asked(host, admin_a.access)
        assert answer.status_code == 404
        assert answer.headers["Content-Type"] == "application/problem+json"
        problem = json.loads(answer.content)
        assert (problem["code"], problem["status"]) == ("unknown_host", 404)

    def test_leaves_nothing_bound(self, db: None, unbound_by_default: None) -> None:
        asked("unknown.localhost")
        assert binding.current() is None

    def test_is_not_where_a_closed_club_was(self, club_a: ClubWorld, admin_a: Caller) -> None:
        Club.objects.filter(pk=club_a.ref.id).update(status="closed")
        hosts.forget(club_a.host)
        answer = admin_a.get("me")
        assert (answer.status_code, answer.json()["code"]) == (404, "unknown_host")

    def test_has_no_documents_of_an_api(self, db: None) -> None:
        for path in ("/api/schema/", "/api/docs/", "/.well-known/jwks.json"):
            assert Client().get(path, headers={"Host": "unknown.localhost"}).status_code == 404


class TestWritingsOfOneHost:
    @pytest.mark.parametrize("host", SAME)
    def test_are_the_same_club(self, host: str, club_a: ClubWorld, admin_a: Caller) -> None:
        answer = asked(host, admin_a.access)
        assert answer.status_code == 200
        assert answer.json()["club"]["slug"] == "alpha"

    @pytest.mark.parametrize("host", ["PLATFORM.localhost", "platform.localhost.:8000"])
    def test_are_the_platform(self, host: str, root: Caller) -> None:
        assert asked(host, root.access).json()["club"] is None


class TestOtherHeaders:
    @pytest.mark.parametrize(
        "header",
        [
            "X-Forwarded-Host",
            "Forwarded",
            "X-Host",
            "X-Original-Host",
            "X-Tenant",
            "X-Club-Id",
            "Origin",
            "Referer",
        ],
    )
    def test_choose_no_club(self, header: str, club_b: ClubWorld, admin_a: Caller) -> None:
        value = "host=beta.localhost" if header == "Forwarded" else "beta.localhost"
        answer = asked(admin_a.host, admin_a.access, **{header: value})
        assert answer.json()["club"]["slug"] == "alpha"
        theirs = api.as_role(club_b, Role.CLUB_ADMIN)
        assert asked(admin_a.host, theirs.access, **{header: value}).status_code == 401

    @pytest.mark.parametrize("name", ["SERVER_NAME", "HTTP_X_FORWARDED_SERVER"])
    def test_nor_does_what_the_server_is_called(self, name: str, admin_a: Caller) -> None:
        answer = Client().get(
            "/api/v1/me",
            headers={"Host": admin_a.host, "Authorization": f"Bearer {admin_a.access}"},
            **{name: "beta.localhost"},
        )
        assert answer.json()["club"]["slug"] == "alpha"


class TestAbsoluteAddress:
    """``GET http://beta.localhost/... HTTP/1.1``, as some servers hand it on in the path."""

    @pytest.mark.parametrize("scheme", ["http:", ""])
    def test_leads_to_no_other_club(self, scheme: str, admin_a: Caller) -> None:
        answer = Client().get(
            "/",
            headers={"Host": admin_a.host, "Authorization": f"Bearer {admin_a.access}"},
            PATH_INFO=f"{scheme}//beta.localhost/api/v1/me",
        )
        assert answer.status_code == 404
        assert answer.json()["code"] == "not_found"
        assert "beta.localhost" not in json.dumps({**answer.json(), "instance": None})


class TestKindsOfHosts:
    """A route of the one kind does not exist on the other."""

    @pytest.mark.parametrize("path", ["clubs", "plans", "system-users"])
    def test_keep_the_platforms_routes_from_clubs(
        self, path: str, root: Caller, club_a: ClubWorld
    ) -> None:
        assert root.get(path).status_code == 200
        opened = root.post(f"clubs/{club_a.ref.id}/support-sessions", {"reason": "x", "minutes": 5})
        answer = Caller(club_a.host, opened.json()["access"]).get(path)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")

    @pytest.mark.parametrize(
        "path", ["customers", "staff", "club", "check-ins", "reports/overview"]
    )
    def test_keep_the_clubs_routes_from_the_platform(self, path: str, root: Caller) -> None:
        assert Caller(PLATFORM_HOST, root.access).get(path).status_code == 404


class TestAfterARequest:
    """The thread serves nobody until the next host is known."""

    @pytest.mark.parametrize("path", ["me", "customers", "nowhere"])
    def test_nothing_is_bound(self, path: str, admin_a: Caller, unbound_by_default: None) -> None:
        admin_a.get(path)
        with pytest.raises(ClubNotBound):
            binding.scope()

    def test_that_crashed_nothing_is_bound(
        self, admin_a: Caller, monkeypatch: pytest.MonkeyPatch, unbound_by_default: None
    ) -> None:
        def crash() -> None:
            raise RuntimeError("no such luck")

        monkeypatch.setattr(customer_selectors, "list_customers", crash)
        assert admin_a.get("customers").status_code == 500
        with pytest.raises(ClubNotBound):
            binding.scope()

    def test_the_club_would_stay_bound_without_the_release(
        self, admin_a: Caller, monkeypatch: pytest.MonkeyPatch, unbound_by_default: None
    ) -> None:
        with monkeypatch.context() as taken_away:
            taken_away.setattr(binding, "release", lambda: None)
            admin_a.get("me")
        assert binding.current_club().slug == "alpha"
