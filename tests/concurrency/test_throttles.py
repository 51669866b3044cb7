"""Fifty at once guess no more than one after the other, over real HTTP."""

from collections.abc import Iterator
from types import SimpleNamespace

import pytest

from platform_shared.kit.access import Role
from tests.concurrency.crowd import crowd, statuses
from tests.conftest import LiveDatabase
from tests.support.live import WebServer, live_url, serving
from tests.support.world import PASSWORD, ClubWorld


@pytest.fixture
def club(live_database: LiveDatabase, world: SimpleNamespace) -> ClubWorld:
    found: ClubWorld = world.a
    return found


@pytest.fixture(scope="module")
def unthrottled(
    django_db_setup: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[WebServer]:
    """The same server without the throttles."""
    settings = "tests.support.unthrottled.test"
    with serving(live_url(), tmp_path_factory.mktemp("unthrottled"), settings) as server:
        yield server


@pytest.fixture(scope="module")
def behind_a_proxy(
    django_db_setup: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[WebServer]:
    """The same server, believing what this machine says of others."""
    logs = tmp_path_factory.mktemp("behind-a-proxy")
    with serving(live_url(), logs, TRUSTED_PROXIES="127.0.0.1") as server:
        yield server


def guess(club: ClubWorld, web: WebServer) -> dict[int, int]:
    """Have fifty guess a password at once; return how often each status came."""
    wrong = {"email": club.email(Role.CLUB_ADMIN), "password": "wrong"}
    with crowd(web, club.host, None, 50) as many:
        return dict(statuses(many.post("auth/token", wrong)))


class TestGuesses:
    def test_of_fifty_at_once_ten_are_looked_at(self, club: ClubWorld, web: WebServer) -> None:
        assert guess(club, web) == {401: 10, 429: 40}
        right = {"email": club.email(Role.CLUB_ADMIN), "password": PASSWORD}
        with web.client(club.host) as client:
            answer = client.post("auth/token", json=right)
            assert answer.status_code == 429
            assert 0 < int(answer.headers["Retry-After"]) <= 300
            assert answer.headers["RateLimit"].startswith('"sign-in";r=0;t=')

    def test_would_all_be_looked_at_without_the_throttles(
        self, club: ClubWorld, unthrottled: WebServer
    ) -> None:
        # Negative control.
        assert guess(club, unthrottled) == {401: 50}

    def test_at_one_address_are_not_spread_by_a_header(
        self, club: ClubWorld, web: WebServer
    ) -> None:
        """The server tells us the peer's address, and no proxy is trusted here."""
        wrong = {"email": club.email(Role.CLUB_ADMIN), "password": "wrong"}
        with web.client(club.host) as client:
            answers = [
                client.post("auth/token", json=wrong, headers={name: f"198.51.100.{n}"})
                for n in range(4)
                for name in ("X-Forwarded-For", "Forwarded", "X-Real-IP")
            ]
        assert dict(statuses(answers)) == {401: 10, 429: 2}

    @pytest.mark.parametrize(
        ("seen", "expected"),
        [
            (["198.51.100.200"] * 12, {401: 10, 429: 2}),
            # Negative control: the proxy has seen twelve clients.
            ([f"198.51.100.{n}" for n in range(12)], {401: 12}),
        ],
        ids=["one client", "twelve"],
    )
    def test_are_whose_the_proxy_says(
        self,
        club: ClubWorld,
        behind_a_proxy: WebServer,
        seen: list[str],
        expected: dict[int, int],
    ) -> None:
        """What a client writes into the header stands before, in a line of its own or not."""
        wrong = {"email": club.email(Role.CUSTOMER), "password": "wrong"}
        with behind_a_proxy.client(club.host) as client:
            answers = [
                client.post(
                    "auth/token",
                    json=wrong,
                    headers=[("X-Forwarded-For", f"203.0.113.{n}"), ("X-Forwarded-For", address)],
                )
                for n, address in enumerate(seen)
            ]
        assert dict(statuses(answers)) == expected


class TestRightPasswords:
    def test_of_fifty_at_once_let_fifty_in(self, club: ClubWorld, web: WebServer) -> None:
        """More of them are under way than may be wrong: they wait for their turn."""
        right = {"email": club.email(Role.CLUB_STAFF), "password": PASSWORD}
        with crowd(web, club.host, None, 50) as many:
            assert dict(statuses(many.post("auth/token", right))) == {200: 50}
