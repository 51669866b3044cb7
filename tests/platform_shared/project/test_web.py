"""Over a real server: what every kind of answer says, and what has no body."""

import gzip
from types import SimpleNamespace

import httpx
import pytest

from platform_shared.kit.access import Role
from platform_shared.kit.middleware import HEADERS
from tests.conftest import LiveDatabase
from tests.support import api
from tests.support.live import WebServer, web
from tests.support.world import ClubWorld

__all__ = ["web"]

ORIGIN = {"Origin": "https://app.example.com", "Access-Control-Request-Method": "GET"}
ANSWERS = {
    "200": ("GET", "alpha.localhost", "/api/v1/me", {}),
    "304": ("GET", "alpha.localhost", "/api/v1/club", {"If-None-Match": "*"}),
    "404 of a route": ("GET", "alpha.localhost", "/nowhere", {}),
    "404 of a host": ("GET", "nowhere.localhost", "/api/v1/me", {}),
    "404 of no host": ("GET", "not a host", "/api/v1/me", {}),
    "400": ("GET", "alpha.localhost", "/api/v1/club", {"If-None-Match": "bare"}),
    "401": ("GET", "beta.localhost", "/api/v1/me", {}),
    "405": ("PURGE", "alpha.localhost", "/api/v1/me", {}),
    "a preflight": ("OPTIONS", "alpha.localhost", "/api/v1/me", ORIGIN),
    "health": ("GET", "alpha.localhost", "/health/ready", {}),
    "a static file": (
        "GET",
        "alpha.localhost",
        "/api/static/drf_spectacular_sidecar/swagger-ui-dist/favicon-32x32.png",
        {},
    ),
    "a document": ("GET", "alpha.localhost", "/api/schema/", {}),
    "an image": ("GET", "alpha.localhost", "/api/v1/qr-codes/{code}/image", {}),
    "an export": ("GET", "alpha.localhost", "/api/v1/customers/export", {}),
    "a head": ("HEAD", "alpha.localhost", "/api/v1/customers", {}),
}


@pytest.fixture
def club(live_database: LiveDatabase, world: SimpleNamespace) -> ClubWorld:
    return world.a


def asked(web: WebServer, club: ClubWorld, what: str, **headers: str) -> httpx.Response:
    method, host, path, more = ANSWERS[what]
    with web.client(host, api.access_token(club, Role.CLUB_ADMIN)) as client:
        url = f"http://{client.base_url.host}:{client.base_url.port}{path}"
        return client.request(method, url.format(code=club.qr_code), headers={**more, **headers})


class TestEveryAnswer:
    @pytest.mark.parametrize("what", ANSWERS)
    def test_says_whose_it_is_and_what_browsers_may_do(
        self, web: WebServer, club: ClubWorld, what: str
    ) -> None:
        answer = asked(web, club, what, **{"X-Request-Id": "of-the-client"})
        assert answer.headers["X-Request-Id"] == "of-the-client"
        assert {name for name in HEADERS if name not in answer.headers} == set()
        if what[:3].isdecimal():
            assert answer.status_code == int(what[:3])
        else:
            assert answer.status_code == 200


class TestStaticFiles:
    def test_are_for_our_own_pages_and_checked_when_they_are_old(
        self, web: WebServer, club: ClubWorld
    ) -> None:
        answer = asked(web, club, "a static file", Origin="https://app.example.com")
        assert "Access-Control-Allow-Origin" not in answer.headers
        assert answer.headers["Cache-Control"] == "max-age=60, public"
        copy = asked(web, club, "a static file", **{"If-None-Match": answer.headers["ETag"]})
        assert copy.status_code == 304


class TestAnswersWithoutABody:
    @pytest.mark.parametrize("what", ["304", "a preflight", "a head"])
    def test_have_none_on_the_wire(self, web: WebServer, club: ClubWorld, what: str) -> None:
        with web.client(club.host, api.access_token(club, Role.CLUB_ADMIN)) as client:
            method, _, path, more = ANSWERS[what]
            url = f"http://{client.base_url.host}:{client.base_url.port}{path}"
            assert client.request(method, url, headers=more).content == b""
            # What was left on the connection would be taken for the next answer.
            assert client.get("me").json()["email"] == club.email(Role.CLUB_ADMIN)


class TestCompressedAnswers:
    @pytest.mark.parametrize("what", ["an export", "a document"])
    def test_are_the_same(self, web: WebServer, club: ClubWorld, what: str) -> None:
        plain = asked(web, club, what, **{"Accept-Encoding": "identity"})
        small = asked(web, club, what, **{"Accept-Encoding": "gzip"})
        assert "Content-Encoding" not in plain.headers
        assert small.headers["Content-Encoding"] == "gzip"
        assert small.content == plain.content  # which httpx has taken apart

    def test_can_be_told_from_the_raw_bytes(self, web: WebServer, club: ClubWorld) -> None:
        with (
            web.client(club.host) as client,
            client.stream("GET", f"http://127.0.0.1:{web.port}/api/schema/") as answer,
        ):
            raw = b"".join(answer.iter_raw())
        assert b"openapi: 3.1" in gzip.decompress(raw)
