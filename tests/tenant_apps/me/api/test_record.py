"""A customer's own record: what they see of it, and what of it is theirs to change."""

from typing import Any

import pytest
from pytest_django import DjangoCaptureOnCommitCallbacks

from platform_shared.kit.access import Role
from tenant_apps.customers import services as customer_services
from tests.support.api import Caller, as_role
from tests.support.world import ClubWorld

NUMBER = "+49 30 901820"
CLUBS_OWN = {
    "notes": "Pays late",
    "tags": ["difficult"],
    "guardian_relation": "mother",
}


@pytest.fixture
def remarks(staff_a: Caller, club_a: ClubWorld) -> None:
    """The club has said about the customer what it keeps for itself."""
    said = {
        **CLUBS_OWN,
        "guardian": str(club_a.other_customer),
        "locations": [str(club_a.location)],
    }
    assert staff_a.patch(f"customers/{club_a.customer}", said).status_code == 200


@pytest.mark.usefixtures("remarks")
class TestMyCustomer:
    def test_is_shown_without_what_the_club_keeps_for_itself(
        self, customer_a: Caller, club_a: ClubWorld
    ) -> None:
        response = customer_a.get("me/customer")
        assert response.status_code == 200
        shown = response.json()
        assert shown.pop("created_at") == "2026-03-02T09:00:00Z"
        assert shown == {
            "id": str(club_a.customer),
            "name": "Carla of alpha",
            "email": "customer@alpha.test",
            "phone": "",
            "phone_e164": "",
            "birth_date": None,
            "address": "",
            "emergency_contact": None,
            "locations": [{"id": str(club_a.location), "name": "Entrance"}],
            "is_active": True,
            "photo_url": None,
        }

    def test_is_changed_where_it_says_how_to_reach_them(
        self, customer_a: Caller, staff_a: Caller, club_a: ClubWorld
    ) -> None:
        changes = {
            "phone": NUMBER,
            "address": "Street 1",
            "emergency_contact": {"name": "Max", "phone": "123"},
        }
        before = customer_a.get("me/customer").json()
        changed = customer_a.patch("me/customer", changes)
        assert changed.status_code == 200
        assert changed.json() == {**before, **changes, "phone_e164": "+4930901820"}
        assert changed.json() == customer_a.get("me/customer").json()
        at_the_desk = staff_a.get(f"customers/{club_a.customer}").json()
        assert at_the_desk == at_the_desk | changes | CLUBS_OWN

    def test_is_found_by_the_new_number(
        self, customer_a: Caller, staff_a: Caller, club_a: ClubWorld
    ) -> None:
        assert customer_a.patch("me/customer", {"phone": NUMBER}).status_code == 200
        (found,) = staff_a.get("customers?search=030901820").json()["results"]
        assert found["id"] == str(club_a.customer)

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("name", "Somebody else"),
            ("email", "other@alpha.test"),
            ("birth_date", "1990-01-01"),
            ("is_active", True),
            ("notes", ""),
            ("tags", []),
            ("guardian", None),
            ("guardian_relation", ""),
            ("locations", []),
            ("allow_duplicate", True),
            ("user", None),
        ],
    )
    def test_is_left_to_the_desk_where_it_says_who_they_are(
        self, field: str, value: Any, customer_a: Caller, staff_a: Caller, club_a: ClubWorld
    ) -> None:
        before = staff_a.get(f"customers/{club_a.customer}").json()
        response = customer_a.patch("me/customer", {field: value, "address": "Street 1"})
        assert response.status_code == 400
        assert [(e["field"], e["code"]) for e in response.json()["errors"]] == [
            (field, "unknown_field")
        ]
        assert staff_a.get(f"customers/{club_a.customer}").json() == before

    @pytest.mark.parametrize(
        "changes",
        [
            {"phone": "12"},
            {"phone": "a" * 41},
            {"phone": None},
            {"address": "a" * 401},
            {"emergency_contact": {"name": "Max"}},
        ],
        ids=str,
    )
    def test_is_judged_as_at_the_desk(
        self, changes: dict[str, Any], customer_a: Caller, staff_a: Caller, club_a: ClubWorld
    ) -> None:
        own = customer_a.patch("me/customer", changes)
        desk = staff_a.patch(f"customers/{club_a.customer}", changes)
        assert own.status_code == desk.status_code == 400
        assert own.json()["errors"] == desk.json()["errors"]

    def test_is_nobodys_who_is_no_customer(self, club_a: ClubWorld) -> None:
        for role in (Role.CLUB_ADMIN, Role.CLUB_STAFF):
            caller = as_role(club_a, role)
            assert caller.get("me/customer").status_code == 404
            assert caller.patch("me/customer", {"address": "x"}).status_code == 404


class TestOthers:
    """Nothing that a customer says of themselves tells who else is a customer."""

    @pytest.fixture(autouse=True)
    def _taken(self, staff_a: Caller, club_a: ClubWorld) -> None:
        body = {"phone": NUMBER}
        assert staff_a.patch(f"customers/{club_a.other_customer}", body).status_code == 200

    def test_are_not_told_by_their_number(self, customer_a: Caller, club_a: ClubWorld) -> None:
        taken = customer_a.patch("me/customer", {"phone": NUMBER})
        assert taken.status_code == 200
        free = customer_a.patch("me/customer", {"phone": "+49 30 901821"})
        assert free.status_code == 200
        assert str(club_a.other_customer) not in taken.content.decode()

    @pytest.mark.usefixtures("undocumented")
    def test_would_be_told_by_what_the_desk_is_told(
        self, customer_a: Caller, club_a: ClubWorld, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        change = customer_services.change_customer
        monkeypatch.setattr(
            customer_services,
            "change_customer",
            lambda *, allow_duplicate, **rest: change(**rest),
        )
        response = customer_a.patch("me/customer", {"phone": NUMBER})
        assert response.status_code == 409
        assert response.json()["customer"] == str(club_a.other_customer)


class TestMyName:
    def test_is_the_one_that_the_desk_has_written_down(
        self,
        customer_a: Caller,
        staff_a: Caller,
        club_a: ClubWorld,
        django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
    ) -> None:
        assert customer_a.get("me").json()["name"] == "Carla of alpha"
        with django_capture_on_commit_callbacks(execute=True):
            staff_a.patch(f"customers/{club_a.customer}", {"name": "Carla Neu"})
        assert customer_a.get("me").json()["name"] == "Carla Neu"
