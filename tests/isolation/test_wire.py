"""Hosts on the wire, through the real web server: what of a request names the club."""

import http.client
import os
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.conf import settings

from deploy.local import ports, servers
from platform_shared.accounts.models import Session
from platform_shared.kit.access import Role
from platform_shared.tenancy import binding
from tests.conftest import LiveDatabase
from tests.support import api
from tests.support.world import ClubWorld

ROOT = Path(__file__).resolve().parents[2]
START_WITHIN = 60.0  # seconds


@pytest.fixture
def port(live_database: LiveDatabase) -> Iterator[int]:
    """The port of a web server of one process, on the committing database."""
    chosen = ports.choose()
    told = {
        "DATABASE_URL": live_database.url,
        "REDIS_URL": settings.REDIS_URL,
        "DJANGO_SETTINGS_MODULE": "platform_shared.project.settings.test",
    }
    process = subprocess.Popen(
        servers.web_command(chosen, workers=1, threads=2), cwd=ROOT, env={**os.environ, **told}
    )
    try:
        deadline, pause = time.monotonic() + START_WITHIN, threading.Event()
        while not servers.is_web_ready(chosen):
            assert process.poll() is None, "the web server ended"
            assert time.monotonic() < deadline, "the web server is not ready"
            pause.wait(0.05)
        yield chosen
    finally:
        process.terminate()
        process.wait(timeout=30)


def sent(port: int, request: str, *headers: str) -> tuple[int, str]:
    """Send a request line and headers byte by byte; return the status and the answer's body."""
    lines = [f"{request} HTTP/1.1", *headers, "Connection: close", "", ""]
    with socket.create_connection((ports.LOOPBACK, port), timeout=30) as connection:
        connection.sendall("\r\n".join(lines).encode("latin-1"))
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        return answer.status, answer.read().decode()


class TestHostOnTheWire:
    def test_is_the_header_and_nothing_else(self, port: int) -> None:
        """Whom a request reaches: 401 is a club that asks for a token, 404 is nobody."""
        alpha, nobody = "Host: alpha.localhost", "Host: nowhere.localhost"
        absolute = "GET http://alpha.localhost/api/v1/me"
        asked = {
            "by the header": sent(port, "GET /api/v1/me", alpha),
            "by an unknown header": sent(port, "GET /api/v1/me", nobody),
            "by no header": sent(port, "GET /api/v1/me"),
            "by two headers": sent(port, "GET /api/v1/me", alpha, nobody),
            "by two headers, the other first": sent(port, "GET /api/v1/me", nobody, alpha),
            "by a name that becomes one": sent(port, "GET /api/v1/me", nobody, "Http-Host: alpha"),
            "by the address alone": sent(port, absolute, nobody),
            "by the address of nobody": sent(port, "GET http://nobody.localhost/api/v1/me", alpha),
        }
        assert {how: status for how, (status, _) in asked.items()} == {
            "by the header": 401,
            "by an unknown header": 404,
            "by no header": 404,
            "by two headers": 404,
            "by two headers, the other first": 404,
            "by a name that becomes one": 404,
            "by the address alone": 404,
            "by the address of nobody": 401,
        }
        assert all("unknown_host" in body for status, body in asked.values() if status == 404)

    def test_may_change_from_request_to_request_on_one_connection(
        self, port: int, world: SimpleNamespace
    ) -> None:
        clubs: list[ClubWorld] = [world.a, world.b]
        tokens = {club.host: api.access_token(club, Role.CLUB_ADMIN) for club in clubs}
        connection = http.client.HTTPConnection(ports.LOOPBACK, port, timeout=30)

        def asked(host: str, token: str) -> tuple[int, bytes]:
            headers = {"Host": host, "Authorization": f"Bearer {token}"}
            connection.request("GET", "/api/v1/customers", headers=headers)
            answer = connection.getresponse()
            return answer.status, answer.read()

        try:
            for own, other in (clubs, clubs[::-1]) * 4:
                status, body = asked(own.host, tokens[own.host])
                assert status == 200
                assert f"Carla of {own.ref.slug}".encode() in body
                assert other.ref.slug.encode() not in body
                assert asked(own.host, tokens[other.host])[0] == 401
        finally:
            connection.close()
            for club in clubs:
                with binding.club(club.ref):
                    Session.objects.all().delete()
