"""A request is bound by its host, and by nothing else."""

from types import SimpleNamespace
from typing import Any

import pytest
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from pytest_django import Settings

from platform_shared.tenancy import binding, middleware
from platform_shared.tenancy.middleware import HealthMiddleware, HostMiddleware
from tests.support.api import PLATFORM_HOST, Caller
from tests.support.world import ClubWorld

HOSTS = ["alpha.localhost", PLATFORM_HOST, "nowhere.localhost", "not a host"]


class TestHealthMiddleware:
    @pytest.mark.parametrize("host", HOSTS)
    def test_answers_on_every_host(self, db: None, host: str) -> None:
        live = Caller(host).get("/health/live")
        assert (live.status_code, live.json()) == (200, {"status": "ok"})
        ready = Caller(host).get("/health/ready")
        assert (ready.status_code, ready.json()) == (
            200,
            {"status": "ok", "checks": {"database": "ok", "valkey": "ok"}},
        )

    def test_is_alive_but_not_ready_without_the_database(
        self, db: None, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        closed = []

        def fail() -> None:
            raise OperationalError("the server is gone")

        broken = SimpleNamespace(cursor=fail, close=lambda: closed.append(True))
        monkeypatch.setattr(middleware, "connection", broken)
        ready = Caller("alpha.localhost").get("/health/ready")
        assert (ready.status_code, ready.json()) == (
            503,
            {"status": "unavailable", "checks": {"database": "unavailable", "valkey": "ok"}},
        )
        assert closed  # so that the next check opens a new one
        assert Caller("alpha.localhost").get("/health/live").status_code == 200

    def test_is_ready_without_valkey(self, db: None, settings: Settings) -> None:
        settings.REDIS_URL = "redis://127.0.0.1:1/0"
        ready = Caller("alpha.localhost").get("/health/ready")
        assert (ready.status_code, ready.json()) == (
            200,
            {"status": "ok", "checks": {"database": "ok", "valkey": "unavailable"}},
        )

    def test_leaves_everything_else_to_the_others(self) -> None:
        request = RequestFactory().get("/health/other")
        response = HealthMiddleware(lambda request: HttpResponse("passed on"))(request)
        assert response.content == b"passed on"


class TestHostMiddleware:
    def seen(self, host: str) -> tuple[Any, Any]:
        """Return what a view on ``host`` finds bound, and its URLs."""
        found: list[Any] = []

        def view(request: HttpRequest) -> HttpResponse:
            found.extend([binding.current(), getattr(request, "urlconf", None)])
            return HttpResponse()

        HostMiddleware(view)(RequestFactory().get("/", headers={"Host": host}))
        return found[0], found[1]

    def test_binds_the_host_s_club(self, club_a: ClubWorld, club_b: ClubWorld) -> None:
        club_urls = "platform_shared.project.urls_club"
        assert self.seen("alpha.localhost:8000") == (club_a.ref, club_urls)
        assert self.seen("BETA.localhost") == (club_b.ref, club_urls)

    def test_binds_the_platform(self, db: None) -> None:
        assert self.seen(PLATFORM_HOST) == (binding.PLATFORM, None)

    def test_lets_go_afterwards(self, club_a: ClubWorld, unbound_by_default: None) -> None:
        self.seen("alpha.localhost")
        assert binding.current() is None

        def fail(request: HttpRequest) -> HttpResponse:
            raise RuntimeError

        with pytest.raises(RuntimeError):
            HostMiddleware(fail)(RequestFactory().get("/", headers={"Host": club_a.host}))
        assert binding.current() is None

    @pytest.mark.parametrize(
        "host", ["", "nowhere.localhost", "localhost", "not a host", "[::1]", "alpha.localhost/x"]
    )
    def test_answers_404_where_nobody_is(self, db: None, host: str) -> None:
        response = Caller(host).get("me")
        assert response.status_code == 404
        assert response["Content-Type"] == "application/problem+json"
        assert response.json()["code"] == "unknown_host"

    def test_takes_no_other_header_for_the_host(self, club_b: ClubWorld, admin_a: Caller) -> None:
        response = admin_a.get("me", **{"X-Forwarded-Host": club_b.host})
        assert response.json()["club"]["slug"] == "alpha"

    def test_never_serves_the_platforms_routes_at_a_club(
        self, admin_a: Caller, root: Caller
    ) -> None:
        assert admin_a.get("clubs").status_code == 404
        assert root.get("customers").status_code == 404
