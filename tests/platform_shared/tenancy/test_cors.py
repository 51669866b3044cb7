"""Pages of registered sites may call the API from a browser; nobody else's may."""

from typing import Any

import pytest
from django.db import OperationalError

from platform_shared.clubs.models import Club
from platform_shared.clubs.selectors import list_clubs
from platform_shared.tenancy import cors, hosts
from tenant_apps.locations import selectors as location_selectors
from tests.support.api import PLATFORM_HOST, Caller
from tests.support.world import ClubWorld

SITE = "https://app.example.com"
FOREIGN = [
    "https://evil.example.com",
    "https://app.example.com.evil.example",
    "http://app.example.com",
    "https://app.example.com:8443",
    "https://APP.example.com",
    "https://app.example.com/",
    "https://app.example.com, https://evil.example.com",
    "https://[",
    "null",
    "*",
    "",
]
ASKED = {"Access-Control-Request-Method": "PATCH"}


@pytest.fixture
def club(club_a: ClubWorld) -> ClubWorld:
    """Club a, with a site of its own."""
    Club.objects.filter(pk=club_a.ref.id).update(origins=[SITE])
    hosts.forget(club_a.host)
    return club_a


def granted(response: Any) -> set[str]:
    """Return the names of the headers that let a page read an answer."""
    return {name for name in response.headers if name.lower().startswith("access-control-")}


def varies(response: Any) -> bool:
    return "origin" in response.headers.get("Vary", "").lower().replace(" ", "").split(",")


class TestPreflight:
    @pytest.mark.parametrize("path", ["customers", "club/origins", "nowhere", "/api/schema/"])
    def test_is_answered_before_anybody_is_asked_who_they_are(
        self, club: ClubWorld, path: str
    ) -> None:
        answer = Caller(club.host).request("OPTIONS", path, Origin=SITE, **ASKED)
        assert (answer.status_code, answer.content) == (200, b"")
        assert varies(answer)
        headers = {name.lower(): value for name, value in answer.headers.items()}
        assert headers["access-control-allow-origin"] == SITE
        assert headers["access-control-max-age"] == "7200"
        assert headers["access-control-allow-methods"] == "DELETE, GET, HEAD, PATCH, POST, PUT"
        assert headers["access-control-allow-headers"] == (
            "authorization, content-type, idempotency-key, if-match, if-none-match, x-request-id"
        )
        assert "access-control-allow-credentials" not in headers
        assert headers["x-request-id"]

    @pytest.mark.parametrize("origin", FOREIGN)
    def test_grants_nothing_to_others(self, club: ClubWorld, origin: str) -> None:
        answer = Caller(club.host).request("OPTIONS", "customers", Origin=origin, **ASKED)
        assert granted(answer) == set()
        assert varies(answer)

    def test_is_not_what_lacks_the_question(self, club: ClubWorld, admin_a: Caller) -> None:
        answer = admin_a.request("OPTIONS", "customers", Origin=SITE)
        assert answer.status_code == 405
        assert answer.json()["code"] == "method_not_allowed"


class TestAnswers:
    def test_can_be_read_with_the_headers_that_matter(
        self, club: ClubWorld, staff_a: Caller
    ) -> None:
        answer = staff_a.get(f"customers/{club.customer}", Origin=SITE)
        assert answer.status_code == 200
        assert answer["access-control-allow-origin"] == SITE
        assert answer["access-control-expose-headers"] == (
            "Content-Disposition, Deprecation, ETag, Idempotency-Replayed, Link, Location, "
            "RateLimit, RateLimit-Policy, Retry-After, Sunset, X-Request-Id"
        )
        assert "access-control-allow-credentials" not in answer.headers

    @pytest.mark.parametrize("origin", FOREIGN)
    def test_can_be_read_by_no_other(self, club: ClubWorld, staff_a: Caller, origin: str) -> None:
        answer = staff_a.get(f"customers/{club.customer}", Origin=origin)
        assert answer.status_code == 200
        assert granted(answer) == set()
        assert varies(answer)

    def test_vary_by_origin_even_when_none_is_given(self, club: ClubWorld, staff_a: Caller) -> None:
        for path in ("me", "nowhere", "customers"):
            assert varies(staff_a.get(path))

    @pytest.mark.parametrize(
        ("path", "status"), [("me", 401), ("nowhere", 404), ("/api/nowhere", 404)]
    )
    def test_that_refuse_can_be_read_too(self, club: ClubWorld, path: str, status: int) -> None:
        answer = Caller(club.host).get(path, Origin=SITE)
        assert answer.status_code == status
        assert answer["access-control-allow-origin"] == SITE

    @pytest.mark.parametrize(("error", "status"), [(KeyError, 500), (OperationalError, 503)])
    def test_of_what_went_wrong_can_be_read_too(
        self,
        club: ClubWorld,
        admin_a: Caller,
        monkeypatch: pytest.MonkeyPatch,
        error: type[Exception],
        status: int,
    ) -> None:
        def fail() -> None:
            raise error

        monkeypatch.setattr(location_selectors, "list_locations", fail)
        answer = admin_a.get("locations", Origin=SITE)
        assert answer.status_code == status
        assert answer["access-control-allow-origin"] == SITE

    def test_of_a_suspended_club_can_be_read_too(self, club: ClubWorld, admin_a: Caller) -> None:
        Club.objects.filter(pk=club.ref.id).update(status="suspended")
        hosts.forget(club.host)
        answer = admin_a.get("customers", Origin=SITE)
        assert answer.json()["code"] == "club_suspended"
        assert answer["access-control-allow-origin"] == SITE


class TestIsRegistered:
    def test_is_what_lets_a_page_in(
        self, club: ClubWorld, staff_a: Caller, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Negative control: taken as a list of everything, it grants to all."""

        class Everything(frozenset[str]):
            def __contains__(self, origin: object) -> bool:
                return True

        evil = FOREIGN[0]
        ref = type(club.ref).of(list_clubs().get(pk=club.ref.id))
        loose = type(ref)(**{f: getattr(ref, f) for f in ref.__slots__} | {"origins": Everything()})
        monkeypatch.setattr(cors.binding, "current", lambda: loose)
        assert staff_a.get("me", Origin=evil)["access-control-allow-origin"] == evil

    def test_asks_nothing_of_the_database(
        self, club: ClubWorld, staff_a: Caller, django_assert_num_queries: Any
    ) -> None:
        staff_a.get("me", Origin=SITE)
        with django_assert_num_queries(0):
            assert staff_a.get("me", Origin=SITE).status_code == 200


class TestPlatform:
    def test_has_origins_of_its_own(self, club: ClubWorld, root: Caller, settings: Any) -> None:
        console = "https://console.example.com"
        assert granted(root.get("me", Origin=console)) == set()
        settings.PLATFORM_ORIGINS = frozenset({console})
        assert root.get("me", Origin=console)["access-control-allow-origin"] == console
        assert granted(root.get("me", Origin=SITE)) == set()
        assert granted(Caller(club.host).get("me", Origin=console)) == set()
        answer = Caller(PLATFORM_HOST).request("OPTIONS", "clubs", Origin=console, **ASKED)
        assert answer["access-control-allow-origin"] == console
