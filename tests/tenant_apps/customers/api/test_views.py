"""Customers over the API."""

from typing import Any

import pytest

from platform_shared.kit.access import Role
from platform_shared.kit.ids import new_id
from tests.platform_shared.accounts.crew import NEW_PASSWORD, secret_of
from tests.platform_shared.clubs.limits import limit
from tests.support.api import Caller, as_role
from tests.support.world import ClubWorld

FULL = {
    "name": "Dora Example",
    "email": "dora@alpha.test",
    "phone": "+49 (0)30 123-45.6/7",
    "birth_date": "1990-02-28",
    "address": "Street 1\n10115 Berlin",
    "emergency_contact": {"name": "Emil Example", "phone": "030 / 765 43 21"},
    "notes": "Knee, left.",
    "tags": ["VIP", "früh"],
    "guardian_relation": "",
}
WRONG: list[tuple[dict[str, Any], str, str]] = [
    ({"name": ""}, "name", "blank"),
    ({"name": None}, "name", "null"),
    ({"name": "x" * 161}, "name", "max_length"),
    ({"name": "a\x00"}, "name", "null_characters_not_allowed"),
    ({"name": ["x"]}, "name", "invalid"),
    ({"email": "nonsense"}, "email", "invalid"),
    ({"email": ""}, "email", "blank"),
    ({"email": f"{'x' * 250}@a.test"}, "email", "max_length"),
    # Its lower case is two letters, and past the length that the column has.
    ({"email": "\u0130" * 120 + "@a.test"}, "email", "invalid"),
    # In lower case to PostgreSQL, not to Python.
    ({"email": "\u1c89@a.test"}, "email", "invalid"),
    ({"email": f"a@{'ü' * 70}.test"}, "email", "invalid"),
    ({"phone": "call me"}, "phone", "invalid"),
    ({"phone": None}, "phone", "null"),
    ({"phone": "٣" * 5}, "phone", "invalid"),
    ({"birth_date": "28.02.1990"}, "birth_date", "invalid"),
    ({"birth_date": "2001-02-29"}, "birth_date", "invalid"),
    ({"birth_date": "1899-12-31"}, "birth_date", "out_of_range"),
    ({"birth_date": "2999-01-01"}, "birth_date", "out_of_range"),
    ({"address": "x" * 401}, "address", "max_length"),
    ({"phone": "12345"}, "phone", "invalid"),
    ({"phone": "+49"}, "phone", "invalid"),
    ({"phone": "0" * 41}, "phone", "max_length"),
    ({"emergency_contact": {"name": "x"}}, "emergency_contact.phone", "required"),
    ({"emergency_contact": {"name": "", "phone": "1"}}, "emergency_contact.name", "blank"),
    ({"emergency_contact": "x"}, "emergency_contact", "invalid"),
    ({"notes": "x" * 4001}, "notes", "max_length"),
    ({"tags": "x"}, "tags", "not_a_list"),
    ({"tags": ["a;b"]}, "tags.0", "invalid"),
    ({"tags": [""]}, "tags.0", "blank"),
    ({"tags": ["x" * 41]}, "tags.0", "max_length"),
    ({"tags": [str(n) for n in range(21)]}, "tags", "max_length"),
    ({"locations": [str(new_id())]}, "locations.0", "does_not_exist"),
    ({"locations": ["x"]}, "locations.0", "invalid"),
    ({"guardian": str(new_id())}, "guardian", "does_not_exist"),
    ({"guardian": "x"}, "guardian", "invalid"),
    ({"guardian_relation": "x" * 41}, "guardian_relation", "max_length"),
    ({"allow_duplicate": "maybe"}, "allow_duplicate", "invalid"),
    ({"merged_into": str(new_id())}, "merged_into", "unknown_field"),
    ({"phone_e164": "+49301234567"}, "phone_e164", "unknown_field"),
    ({"user": str(new_id())}, "user", "unknown_field"),
    ({"id": str(new_id())}, "id", "unknown_field"),
    ({"photo_url": "http://x"}, "photo_url", "unknown_field"),
]


def codes(response: Any) -> list[tuple[str, str]]:
    return [(e["field"], e["code"]) for e in response.json()["errors"]]


class TestCreate:
    def test_answers_with_the_customer(self, staff_a: Caller) -> None:
        response = staff_a.post("customers", FULL)
        assert response.status_code == 201
        made = response.json()
        assert made == FULL | {
            "id": made["id"],
            "phone_e164": "+49301234567",
            "locations": [],
            "guardian": None,
            "merged_into": None,
            "is_active": True,
            "has_login": False,
            "photo_url": None,
            "created_at": made["created_at"],
        }
        assert staff_a.get(f"customers/{made['id']}").json() == made

    def test_needs_no_more_than_a_name(self, staff_a: Caller) -> None:
        for email in ({}, {"email": None}):
            response = staff_a.post("customers", {"name": "Dora", **email})
            assert response.status_code == 201
            assert response.json()["email"] is None

    @pytest.mark.parametrize(("fields", "field", "code"), WRONG)
    def test_names_what_is_wrong(
        self, staff_a: Caller, fields: dict[str, Any], field: str, code: str
    ) -> None:
        response = staff_a.post("customers", FULL | fields)
        assert response.status_code == 400
        assert codes(response) == [(field, code)]

    def test_lets_nobody_begin_inactive(self, staff_a: Caller) -> None:
        response = staff_a.post("customers", {"name": "x", "is_active": False})
        assert codes(response) == [("is_active", "unknown_field")]

    def test_points_to_who_has_the_e_mail(self, staff_a: Caller, club_a: ClubWorld) -> None:
        response = staff_a.post("customers", {"name": "x", "email": "CUSTOMER@Alpha.test"})
        assert response.status_code == 409
        assert response.json()["code"] == "email_taken"
        assert response.json()["customer"] == str(club_a.customer)

    def test_stops_where_the_plan_ends(self, staff_a: Caller, club_a: ClubWorld) -> None:
        limit(club_a, max_customers=2)
        response = staff_a.post("customers", {"name": "x"})
        assert response.status_code == 409
        assert response.json()["code"] == "plan_limit_reached"
        assert (response.json()["limit"], response.json()["allowed"]) == ("customers", 2)


class TestList:
    def test_shows_the_newest_first(self, staff_a: Caller) -> None:
        names = [row["name"] for row in staff_a.get("customers").json()["results"]]
        assert names == ["Otto of alpha", "Carla of alpha"]

    @pytest.mark.parametrize(
        ("query", "names"),
        [
            ("email=customer@alpha.test", ["Carla of alpha"]),
            ("email=%20Customer@ALPHA.test", ["Carla of alpha"]),
            ("email=nobody@alpha.test", []),
            ("email=customer@beta.test", []),
            ("is_active=true", ["Carla of alpha"]),
            ("is_active=false", ["Otto of alpha"]),
            ("is_active=false&email=customer@alpha.test", []),
        ],
    )
    def test_is_filtered(
        self, staff_a: Caller, club_a: ClubWorld, query: str, names: list[str]
    ) -> None:
        staff_a.patch(f"customers/{club_a.other_customer}", {"is_active": False})
        rows = staff_a.get(f"customers?{query}").json()["results"]
        assert [row["name"] for row in rows] == names


class TestChange:
    def test_changes_what_is_sent_and_nothing_else(
        self, staff_a: Caller, club_a: ClubWorld
    ) -> None:
        path = f"customers/{club_a.other_customer}"
        before = staff_a.get(path).json()
        changes = {"name": "Otto II", "birth_date": None, "is_active": False}
        response = staff_a.patch(path, changes)
        assert response.status_code == 200
        assert response.json() == staff_a.get(path).json() == before | changes

    @pytest.mark.parametrize(("fields", "field", "code"), WRONG)
    def test_names_what_is_wrong(
        self,
        staff_a: Caller,
        club_a: ClubWorld,
        fields: dict[str, Any],
        field: str,
        code: str,
    ) -> None:
        path = f"customers/{club_a.other_customer}"
        before = staff_a.get(path).json()
        response = staff_a.patch(path, fields)
        assert response.status_code == 400
        assert codes(response) == [(field, code)]
        assert staff_a.get(path).json() == before

    def test_points_to_who_has_the_e_mail(self, staff_a: Caller, club_a: ClubWorld) -> None:
        path = f"customers/{club_a.other_customer}"
        response = staff_a.patch(path, {"email": "CUSTOMER@alpha.test"})
        assert response.status_code == 409
        assert response.json()["customer"] == str(club_a.customer)

    def test_stops_where_the_plan_ends(self, staff_a: Caller, club_a: ClubWorld) -> None:
        path = f"customers/{club_a.other_customer}"
        staff_a.patch(path, {"is_active": False})
        limit(club_a, max_customers=1)
        assert staff_a.patch(path, {"is_active": True}).json()["code"] == "plan_limit_reached"

    def test_knows_the_clubs_own_alone(self, staff_a: Caller, club_b: ClubWorld) -> None:
        for unknown in (club_b.customer, new_id()):
            assert staff_a.get(f"customers/{unknown}").status_code == 404
            assert staff_a.patch(f"customers/{unknown}", {"name": "x"}).status_code == 404
            assert staff_a.post(f"customers/{unknown}/invitation").status_code == 404


class TestInvitation:
    def test_leads_to_the_customers_own_things(self, staff_a: Caller, club_a: ClubWorld) -> None:
        made = staff_a.post("customers", FULL).json()
        sold = staff_a.post(
            "sales",
            {
                "customer": made["id"],
                "package": str(club_a.period_package),
                "method": "cash",
            },
        )
        assert sold.status_code == 201
        response = staff_a.post(f"customers/{made['id']}/invitation")
        assert response.status_code == 201
        link = response.json()["password_link"]
        assert staff_a.get(f"customers/{made['id']}").json()["has_login"] is True

        anybody = Caller(club_a.host)
        body = {"token": secret_of(link), "password": NEW_PASSWORD}
        assert anybody.post("auth/password", body).status_code == 204
        credentials = {"email": "DORA@alpha.test", "password": NEW_PASSWORD}
        dora = Caller(club_a.host, anybody.post("auth/token", credentials).json()["access"])
        assert dora.get("me").json()["role"] == "customer"
        (subscription,) = dora.get("me/subscriptions").json()["results"]
        assert subscription["id"] == sold.json()["subscription"]["id"]
        (code,) = dora.get("me/qr-codes").json()["results"]
        assert code["id"] == sold.json()["qr_code"]["id"]
        (invoice,) = dora.get("me/invoices").json()["results"]
        assert invoice["id"] == sold.json()["invoice"]["id"]

    @pytest.mark.parametrize(
        ("who", "code"),
        [("customer", "already_invited"), ("other_customer", "customer_has_no_email")],
    )
    def test_is_refused_where_it_makes_no_sense(
        self, staff_a: Caller, club_a: ClubWorld, who: str, code: str
    ) -> None:
        response = staff_a.post(f"customers/{getattr(club_a, who)}/invitation")
        assert response.status_code == 409
        assert response.json()["code"] == code

    def test_is_refused_for_the_e_mail_of_another_account(self, staff_a: Caller) -> None:
        made = staff_a.post("customers", {"name": "x", "email": "staff@alpha.test"}).json()
        response = staff_a.post(f"customers/{made['id']}/invitation")
        assert response.status_code == 409
        assert response.json()["code"] == "email_taken"


class TestAccess:
    def test_is_for_those_who_run_the_club(self, club_a: ClubWorld) -> None:
        customer = as_role(club_a, Role.CUSTOMER)
        path = f"customers/{club_a.customer}"
        for response in (
            customer.get("customers"),
            customer.post("customers", FULL),
            customer.get(path),
            customer.patch(path, {"name": "x"}),
            customer.post(f"{path}/invitation"),
        ):
            assert response.status_code == 403
        assert Caller(club_a.host).get("customers").status_code == 401
