"""Which club answers on a host."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from platform_shared.clubs.enums import ClubStatus
from platform_shared.clubs.models import Club, Host
from platform_shared.tenancy import hosts
from tests.support.world import ClubWorld


class TestNormalise:
    @pytest.mark.parametrize(
        ("raw", "host"),
        [
            ("demo.localhost", "demo.localhost"),
            ("DEMO.LocalHost", "demo.localhost"),
            (" demo.localhost\n", "demo.localhost"),
            ("demo.localhost:8000", "demo.localhost"),
            ("demo.localhost.", "demo.localhost"),
            ("demo.localhost.:80", "demo.localhost"),
            ("a", "a"),
            ("127.0.0.1:8000", "127.0.0.1"),
            ("xn--mnchen-3ya.example", "xn--mnchen-3ya.example"),
            ("a" * 253, "a" * 253),
        ],
    )
    def test_leaves_the_name(self, raw: str, host: str) -> None:
        assert hosts.normalise(raw) == host

    @pytest.mark.parametrize(
        "raw",
        [
            "",
            " ",
            ".",
            ":80",
            "demo.localhost:",
            "demo.localhost:123456",
            "demo.localhost:80:80",
            "demo.localhost..",
            "-demo.localhost",
            "demo_one.localhost",
            "demo localhost",
            "demo.localhost/x",
            "user@demo.localhost",
            "[::1]:8000",
            "münchen.example",
            "demo.localhost\x00",
            "a" * 254,
        ],
    )
    def test_knows_what_is_no_name(self, raw: str) -> None:
        assert hosts.normalise(raw) is None


class TestIsPlatform:
    def test_knows_the_platforms_hosts(self, settings: Settings) -> None:
        settings.PLATFORM_HOSTS = ("platform.localhost", "ops.example")
        assert hosts.is_platform("ops.example")
        assert not hosts.is_platform("alpha.localhost")


class TestFind:
    def test_finds_the_club(self, club_a: ClubWorld) -> None:
        assert hosts.find("alpha.localhost") == club_a.ref

    def test_finds_it_by_every_host_it_has(self, platform_bound: None, club_a: ClubWorld) -> None:
        Host.objects.create(domain="gym.example", tenant_id=club_a.ref.id, is_primary=False)
        assert hosts.find("gym.example") == club_a.ref

    @pytest.mark.parametrize("host", ["gamma.localhost", "alpha", "alpha.localhost.example"])
    def test_finds_no_club_that_is_none(self, club_a: ClubWorld, host: str) -> None:
        assert hosts.find(host) is None

    def test_finds_no_club_that_is_closed(self, platform_bound: None, club_a: ClubWorld) -> None:
        Club.objects.filter(pk=club_a.ref.id).update(status=ClubStatus.SUSPENDED)
        found = hosts.find(club_a.host)
        assert found is not None
        assert found.status == "suspended"
        Club.objects.filter(pk=club_a.ref.id).update(status=ClubStatus.CLOSED)
        hosts.forget(club_a.host)
        assert hosts.find(club_a.host) is None

    def test_asks_the_database_once(self, club_a: ClubWorld) -> None:
        with CaptureQueriesContext(connection) as first:
            hosts.find(club_a.host)
        with CaptureQueriesContext(connection) as second:
            hosts.find(club_a.host)
        assert (len(first), len(second)) == (1, 0)


class TestForget:
    def test_makes_a_change_seen(self, platform_bound: None, club_a: ClubWorld) -> None:
        hosts.find(club_a.host)
        Club.objects.filter(pk=club_a.ref.id).update(time_zone="UTC")
        assert hosts.find(club_a.host) == club_a.ref
        hosts.forget(club_a.host)
        found = hosts.find(club_a.host)
        assert found is not None
        assert found.time_zone == "UTC"
