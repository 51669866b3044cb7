"""Two who have seen the same and change it at once: one of them has to look again."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from platform_shared.kit.access import Role
from platform_shared.kit.preconditions import Precondition
from tenant_apps.locations import services as location_services
from tests.concurrency.crowd import Ask, crowd, meeting, race, statuses
from tests.support import api
from tests.support.api import Caller
from tests.support.live import WebServer
from tests.support.world import ClubWorld

PEOPLE = 6
Body = Callable[[int], dict[str, Any]]

THINGS: dict[str, tuple[Callable[[ClubWorld], str], str, Body]] = {
    "club": (lambda club: "club", "PATCH", lambda n: {"capacity": n + 1}),
    "origins": (
        lambda club: "club/origins",
        "PUT",
        lambda n: {"origins": [f"https://{n}.example.com"]},
    ),
    "location": (
        lambda club: f"locations/{club.location}",
        "PATCH",
        lambda n: {"address": f"Street {n}"},
    ),
    "customer": (
        lambda club: f"customers/{club.other_customer}",
        "PATCH",
        lambda n: {"address": f"Street {n}"},
    ),
    "package": (
        lambda club: f"packages/{club.period_package}",
        "PATCH",
        lambda n: {"name": f"Monthly {n}"},
    ),
    "subscription": (
        lambda club: f"subscriptions/{club.subscription}",
        "PATCH",
        lambda n: {"cancel_at_end": True},
    ),
    "code": (lambda club: f"qr-codes/{club.qr_code}", "PATCH", lambda n: {"label": f"Card {n}"}),
}


def changing(path: str, method: str, body: dict[str, Any], tag: str) -> Ask:
    return lambda client: client.request(method, path, json=body, headers={"If-Match": tag})


class TestLostUpdates:
    @pytest.mark.parametrize("thing", THINGS)
    def test_do_not_happen(self, web: WebServer, club: ClubWorld, thing: str) -> None:
        path_of, method, body = THINGS[thing]
        path = path_of(club)
        access = api.access_token(club, Role.CLUB_ADMIN)
        with web.client(club.host, access) as client:
            tag = client.get(path).headers["ETag"]
        asked = [changing(path, method, body(n), tag) for n in range(PEOPLE)]
        with crowd(web, club.host, access, PEOPLE) as people:
            answers = people.ask(*asked)
        assert statuses(answers) == {200: 1, 412: PEOPLE - 1}
        (done,) = [answer for answer in answers if answer.status_code == 200]
        with web.client(club.host, access) as client:
            seen = client.get(path)
        assert (seen.headers["ETag"], seen.json()) == (done.headers["ETag"], done.json())
        refused = {a.json()["code"] for a in answers if a.status_code == 412}
        assert refused == {"precondition_failed"}

    def test_do_not_happen_to_accounts(self, web: WebServer, club: ClubWorld) -> None:
        access = api.access_token(club, Role.CLUB_ADMIN)
        with web.client(club.host, access) as client:
            staff = client.get("staff").json()["results"][0]["id"]
            tag = client.get(f"staff/{staff}").headers["ETag"]
        asked = [changing(f"staff/{staff}", "PATCH", {"name": f"N {n}"}, tag) for n in range(2)]
        with crowd(web, club.host, access, 2) as people:
            assert statuses(people.ask(*asked)) == {200: 1, 412: 1}


class TestLostUpdatesWithoutGuards:
    """Negative controls: two meet after each has been told that what it has seen is still there."""

    @pytest.fixture
    def change_twice(
        self, club: ClubWorld, world: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
    ) -> Callable[[], list[Any]]:
        """Change a location by two requests at once, of which each has seen the same."""
        caller = Caller(club.host, api.access_token(club, Role.CLUB_ADMIN))
        path = f"locations/{club.location}"
        tag = caller.get(path)["ETag"]
        meet, require = meeting(2), Precondition.require

        def require_and_meet(self: Precondition, current: Any) -> None:
            require(self, current)
            meet()

        monkeypatch.setattr(Precondition, "require", require_and_meet)

        def job(address: str) -> Callable[[], int | str]:
            asking = Caller(club.host, caller.access)
            return lambda: asking.patch(path, {"address": address}, **{"If-Match": tag}).status_code

        return lambda: sorted(race(club.ref, job("First"), job("Second")))

    def test_one_of_two_requests_is_refused(self, change_twice: Callable[[], list[Any]]) -> None:
        assert change_twice() == [200, 412]

    def test_both_would_be_taken_without_the_lock(
        self, change_twice: Callable[[], list[Any]], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        unlocked = location_services.selectors.get_location
        monkeypatch.setattr(location_services.selectors, "lock_location", unlocked)
        assert change_twice() == [200, 200]
