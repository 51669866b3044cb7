"""Who is inside and how full it is, over the API."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from platform_shared.kit.access import Role
from platform_shared.tenancy import binding
from tenant_apps.locations import services as location_services
from tests.support import api
from tests.support.api import Caller
from tests.support.world import BORN, ClubWorld
from tests.tenant_apps.sales.desk import Pass, new_pass
from tests.tenant_apps.subscriptions.books import Watch


@pytest.fixture
def door(watch: Watch, club_a: ClubWorld) -> Caller:
    """The staff of club a, with the clock stopped."""
    return api.as_role(club_a, Role.CLUB_STAFF)


@pytest.fixture
def dora(club_a: ClubWorld) -> Pass:
    with binding.club(club_a.ref):
        return new_pass(visits=9)


def scan(door: Caller, code: str, kind: str = "entry", **body: Any) -> dict[str, Any]:
    """Scan, and return the answer."""
    asked = {"scan_id": str(uuid4()), "kind": kind, "code": code, **body}
    answer: dict[str, Any] = door.post("door/scans", asked).json()
    assert answer["result"] == "accepted"
    return answer


def inside(door: Caller, query: str = "") -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = door.get(f"door/inside{query}").json()["results"]
    return rows


class TestInside:
    def test_shows_who_is_where_and_since_when(
        self, door: Caller, dora: Pass, club_a: ClubWorld
    ) -> None:
        said = scan(door, dora.code, location=str(club_a.location))
        assert inside(door) == [
            {
                "customer": {"id": str(dora.customer), "name": "Dora", "photo_url": None},
                "since": "2026-03-02T10:00:00Z",
                "location": str(club_a.location),
                "check_in": said["id"],
            }
        ]
        scan(door, dora.code, "exit")
        assert inside(door) == []

    def test_forgets_at_night_who_has_not_left(
        self, door: Caller, dora: Pass, watch: Watch
    ) -> None:
        scan(door, dora.code)
        # Four in the morning in Berlin.
        watch.now = datetime(2026, 3, 3, 2, 59, 59, tzinfo=UTC)
        assert len(inside(door)) == 1
        watch.forward(seconds=1)
        assert inside(door) == []

    def test_goes_by_the_clubs_own_night(
        self,
        door: Caller,
        dora: Pass,
        watch: Watch,
        club_a: ClubWorld,
        django_capture_on_commit_callbacks: Any,
    ) -> None:
        scan(door, dora.code)
        watch.forward(minutes=1)
        admin = api.as_role(club_a, Role.CLUB_ADMIN)
        with django_capture_on_commit_callbacks(execute=True):
            assert admin.patch("club", {"night_at": "11:01"}).status_code == 200
        assert inside(door) == []

    def test_is_filtered_by_location(self, door: Caller, dora: Pass, club_a: ClubWorld) -> None:
        with binding.club(club_a.ref):
            emil = new_pass(name="Emil")
            back = location_services.create_location(name="Back door", now=BORN)
        scan(door, dora.code, location=str(club_a.location))
        scan(door, emil.code, location=str(back.id))
        assert [row["customer"]["name"] for row in inside(door)] == ["Emil", "Dora"]
        (row,) = inside(door, f"?location={back.id}")
        assert row["customer"]["name"] == "Emil"
        assert inside(door, f"?location={uuid4()}") == []
        refused = door.get("door/inside?location=back")
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (400, "location")


class TestOccupancy:
    def test_says_how_full_the_club_is(self, door: Caller, dora: Pass, club_a: ClubWorld) -> None:
        admin = api.as_role(club_a, Role.CLUB_ADMIN)
        assert admin.patch("club", {"capacity": 3}).status_code == 200
        scan(door, dora.code, location=str(club_a.location))
        entrance = {"id": str(club_a.location), "name": "Entrance", "inside": 1}
        assert door.get("door/occupancy").json() == {
            "inside": 1,
            "capacity": 3,
            "free": 2,
            "as_of": "2026-03-02T10:00:00Z",
            "locations": [{**entrance, "capacity": None, "free": None}],
        }
        path = f"locations/{club_a.location}"
        assert admin.patch(path, {"capacity": 1}).status_code == 200
        assert door.get("door/occupancy").json()["locations"] == [
            {**entrance, "capacity": 1, "free": 0}
        ]
