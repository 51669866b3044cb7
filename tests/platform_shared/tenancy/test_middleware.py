"""A request is bound by its host, and by nothing else."""

import os
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import nullcontext
from typing import Any

import pytest
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from pytest_django import Settings

from platform_shared.tenancy import binding, middleware
from platform_shared.tenancy.middleware import HealthMiddleware, HostMiddleware
from platform_shared.tenancy.postgres.base import DatabaseWrapper
from tests.conftest import LiveDatabase
from tests.support.api import PLATFORM_HOST, Caller
from tests.support.world import ClubWorld

NOT_READY = (
    503,
    {"status": "unavailable", "checks": {"database": "unavailable", "valkey": "ok"}},
)
HOSTS = ["alpha.localhost", PLATFORM_HOST, "nowhere.localhost", "not a host"]


class Probe(threading.Thread):
    """Asks at a club over a connection of its own, to a database that is set up differently."""

    def __init__(self, path: str, **differently: Any) -> None:
        super().__init__(daemon=True)
        self._path = path
        self._differently = differently
        self._answer: tuple[int, Any] | None = None
        self.start()

    def run(self) -> None:
        connection.settings_dict = connection.settings_dict | self._differently
        try:
            response = Caller("alpha.localhost").get(self._path)
            self._answer = response.status_code, response.json()
        finally:
            connection.close()

    def answer(self, *, within: float) -> tuple[int, Any] | None:
        """Return the answer, or None when there is none after so many seconds."""
        self.join(within)
        return self._answer


@pytest.fixture
def mute_port() -> Iterator[str]:
    """Where everybody is let in, and nobody is ever told a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield str(server.getsockname()[1])


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

    def test_is_alive_but_not_ready_where_the_database_never_answers(
        self, live_database: LiveDatabase, mute_port: str
    ) -> None:
        patient = Probe("/health/ready", PORT=mute_port, OPTIONS={})
        probe, member = (Probe(path, PORT=mute_port) for path in ("/health/ready", "me"))
        assert probe.answer(within=8) == NOT_READY
        status, problem = member.answer(within=3) or (None, {})
        assert (status, problem.get("code")) == (503, "temporarily_unavailable")
        assert patient.answer(within=0.5) is None  # without our options it still waits
        assert Caller("alpha.localhost").get("/health/live").status_code == 200

    @pytest.mark.parametrize("guarded", [True, False])
    def test_does_not_wait_for_a_database_that_has_stopped(
        self, live_database: LiveDatabase, monkeypatch: pytest.MonkeyPatch, guarded: bool
    ) -> None:
        """A connection that is open does not show it: the machine still answers for the server."""
        monkeypatch.setattr(middleware, "ANSWER_SECONDS", 0.2)
        if not guarded:
            monkeypatch.setattr(DatabaseWrapper, "answering_within", lambda self, _: nullcontext())
        with binding.platform(), connection.cursor() as cursor:
            backend = cursor.execute("SELECT pg_backend_pid()").fetchone()[0]
        os.kill(backend, signal.SIGSTOP)
        going_on = threading.Timer(1.5, os.kill, [backend, signal.SIGCONT])
        going_on.start()
        try:
            ready = Caller("alpha.localhost").get("/health/ready")
            waited_for_it = not going_on.is_alive()
        finally:
            going_on.join()
        assert (ready.status_code, waited_for_it) == ((503, False) if guarded else (200, True))
        assert Caller("alpha.localhost").get("/health/ready").status_code == 200

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
