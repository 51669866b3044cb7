"""A site that one club has registered is nothing to another."""

from typing import Any

import pytest

from platform_shared.tenancy import cors, hosts
from tests.support.api import PLATFORM_HOST, Caller
from tests.support.world import ClubWorld

SITE = "https://app.example.com"


def granted(host: str) -> list[str | None]:
    """Return what a page of the site is granted at a host: by a preflight, and by an answer."""
    caller = Caller(host)
    asked = {"Origin": SITE, "Access-Control-Request-Method": "GET"}
    answers = caller.request("OPTIONS", "me", **asked), caller.get("me", Origin=SITE)
    return [answer.headers.get("access-control-allow-origin") for answer in answers]


@pytest.fixture
def _registered(admin_a: Caller, django_capture_on_commit_callbacks: Any) -> None:
    """The site is registered at club a, whose facts were cached before."""
    assert admin_a.get("me").status_code == 200
    tag = admin_a.get("club/origins")["ETag"]
    with django_capture_on_commit_callbacks(execute=True):
        answer = admin_a.request("PUT", "club/origins", {"origins": [SITE]}, **{"If-Match": tag})
    assert answer.status_code == 200


@pytest.mark.usefixtures("_registered")
class TestRegisteredSite:
    def test_is_let_in_at_its_club_alone(self, club_a: ClubWorld, club_b: ClubWorld) -> None:
        assert granted(club_a.host) == [SITE, SITE]
        for host in (club_b.host, PLATFORM_HOST, "nowhere.localhost"):
            assert granted(host) == [None, None]

    def test_would_be_let_in_elsewhere_if_another_club_than_the_bound_one_were_asked(
        self, club_a: ClubWorld, club_b: ClubWorld, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        theirs = hosts.find(club_a.host)
        monkeypatch.setattr(cors.binding, "current", lambda: theirs)
        assert granted(club_b.host)[0] == SITE
