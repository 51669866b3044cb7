"""Locations over the API."""

from typing import Any

import pytest

from platform_shared.kit.ids import new_id
from tests.platform_shared.clubs.limits import limit
from tests.support.api import Caller
from tests.support.world import ClubWorld


class TestLocations:
    def test_are_listed_for_those_who_run_the_club(
        self, staff_a: Caller, customer_a: Caller, club_a: ClubWorld
    ) -> None:
        (row,) = staff_a.get("locations").json()["results"]
        assert row == {
            "id": str(club_a.location),
            "name": "Entrance",
            "address": "",
            "capacity": None,
            "is_active": True,
            "created_at": "2026-03-02T09:00:00Z",
        }
        assert staff_a.get(f"locations/{club_a.location}").json() == row
        assert customer_a.get("locations").status_code == 403

    def test_are_made_and_changed_by_admins(self, admin_a: Caller, staff_a: Caller) -> None:
        response = admin_a.post("locations", {"name": "Sauna"})
        assert response.status_code == 201
        path = f"locations/{response.json()['id']}"
        changed = admin_a.patch(path, {"name": "Pool", "is_active": False})
        assert changed.status_code == 200
        assert changed.json() == response.json() | {"name": "Pool", "is_active": False}
        assert staff_a.get(path).json() == changed.json()
        assert staff_a.post("locations", {"name": "x"}).status_code == 403
        assert staff_a.patch(path, {"name": "x"}).status_code == 403

    @pytest.mark.parametrize(
        ("body", "field"),
        [
            ({}, "name"),
            ({"name": ""}, "name"),
            ({"name": "x" * 121}, "name"),
            ({"name": "x", "is_active": False}, "is_active"),
        ],
    )
    def test_are_told_what_is_wrong(self, admin_a: Caller, body: Any, field: str) -> None:
        response = admin_a.post("locations", body)
        assert response.status_code == 400
        assert [e["field"] for e in response.json()["errors"]] == [field]

    def test_have_a_name_each(self, admin_a: Caller) -> None:
        response = admin_a.post("locations", {"name": "Entrance"})
        assert response.status_code == 409
        assert response.json()["code"] == "location_name_taken"

    def test_are_as_many_as_the_plan_allows(self, admin_a: Caller, club_a: ClubWorld) -> None:
        limit(club_a, max_locations=1)
        response = admin_a.post("locations", {"name": "Sauna"})
        assert response.status_code == 409
        assert response.json()["limit"] == "locations"

    def test_are_the_clubs_own_alone(self, admin_a: Caller, club_b: ClubWorld) -> None:
        for unknown in (club_b.location, new_id()):
            assert admin_a.get(f"locations/{unknown}").status_code == 404
            assert admin_a.patch(f"locations/{unknown}", {"name": "x"}).status_code == 404
