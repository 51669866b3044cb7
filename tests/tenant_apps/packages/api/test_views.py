"""Packages over the API: what a club sells, and what its customers see of it."""

from typing import Any, ClassVar

import pytest

from platform_shared.clubs import services as club_services
from platform_shared.clubs.enums import ClubStatus
from platform_shared.kit.access import Role
from platform_shared.kit.ids import new_id
from platform_shared.tenancy import binding
from tests.support.api import Caller, as_role
from tests.support.world import ClubWorld

EUR = {"amount": 4900, "currency": "EUR"}
PERIOD: dict[str, Any] = {
    "name": "Monthly",
    "type": "period",
    "price": EUR,
    "duration": {"unit": "month", "count": 1},
}
CREDITS: dict[str, Any] = {"name": "Ten", "type": "credits", "price": EUR, "credits": 10}
USUAL: dict[str, Any] = {
    "purpose": "regular",
    "valid_from": "purchase",
    "max_members": 0,
    "freezing": {"days": None, "times": None},
    "max_per_customer": None,
    "position": 0,
    "is_archived": False,
}
RULE: dict[str, Any] = {"weekdays": [1, 5], "from": "06:00", "until": "22:30"}


def codes(response: Any) -> set[tuple[str, str]]:
    assert response.status_code == 400, response.content
    return {(e["field"], e["code"]) for e in response.json()["errors"]}


class TestCreate:
    def test_answers_with_the_package(self, admin_a: Caller) -> None:
        sent = PERIOD | {
            "description": "Come as often as you like.",
            "tax_rate": "19.5",
            "features": ["sauna", "pool"],
            "renewal": "automatic",
            "access_rules": [RULE, {"weekdays": [7], "from": "10:00", "until": None}],
            "is_public": False,
        }
        response = admin_a.post("packages", sent)
        assert response.status_code == 201
        made = response.json()
        assert made == sent | {
            "id": made["id"],
            "credits": None,
            **USUAL,
            "is_active": True,
            "created_at": made["created_at"],
        }
        assert admin_a.get(f"packages/{made['id']}").json() == made

    def test_fills_in_what_is_usual(self, admin_a: Caller) -> None:
        made = admin_a.post("packages", CREDITS).json()
        assert made == CREDITS | {
            "id": made["id"],
            "description": "",
            "tax_rate": "0",
            "duration": None,
            "features": [],
            "renewal": "none",
            "access_rules": [],
            **USUAL,
            "is_active": True,
            "is_public": True,
            "created_at": made["created_at"],
        }

    @pytest.mark.parametrize(
        ("sent", "shown"),
        [("0", "0"), ("7", "7"), ("19.00", "19"), (8.1, "8.1"), ("0.01", "0.01"), (100, "100")],
    )
    def test_takes_tax_rates_in_percent(self, admin_a: Caller, sent: Any, shown: str) -> None:
        assert admin_a.post("packages", PERIOD | {"tax_rate": sent}).json()["tax_rate"] == shown

    @pytest.mark.parametrize(
        ("body", "field", "code"),
        [
            (PERIOD | {"name": ""}, "name", "blank"),
            (PERIOD | {"name": "x" * 121}, "name", "max_length"),
            (PERIOD | {"description": "x" * 4001}, "description", "max_length"),
            (PERIOD | {"type": "eternal"}, "type", "invalid_choice"),
            (PERIOD | {"price": None}, "price", "null"),
            (PERIOD | {"price": 4900}, "price", "invalid"),
            (PERIOD | {"price": EUR | {"amount": -1}}, "price.amount", "min_value"),
            (PERIOD | {"price": EUR | {"currency": "ZZZ"}}, "price.currency", "unknown_currency"),
            (PERIOD | {"price": EUR | {"currency": "USD"}}, "price.currency", "wrong_currency"),
            (PERIOD | {"price": EUR | {"cents": 1}}, "price.cents", "unknown_field"),
            (PERIOD | {"tax_rate": "-1"}, "tax_rate", "min_value"),
            (PERIOD | {"tax_rate": "100.01"}, "tax_rate", "max_value"),
            (PERIOD | {"tax_rate": "1.005"}, "tax_rate", "max_decimal_places"),
            (PERIOD | {"tax_rate": "much"}, "tax_rate", "invalid"),
            (PERIOD | {"tax_rate": None}, "tax_rate", "null"),
            (PERIOD | {"tax_rate": "NaN"}, "tax_rate", "invalid"),
            (PERIOD | {"duration": None}, "duration", "required"),
            (PERIOD | {"duration": {"unit": "eon", "count": 1}}, "duration.unit", "invalid_choice"),
            (PERIOD | {"duration": {"unit": "day"}}, "duration.count", "required"),
            (PERIOD | {"duration": {"unit": "day", "count": 0}}, "duration.count", "min_value"),
            (PERIOD | {"duration": {"unit": "day", "count": 1001}}, "duration.count", "max_value"),
            (PERIOD | {"credits": 10}, "credits", "not_allowed"),
            (CREDITS | {"credits": None}, "credits", "required"),
            (CREDITS | {"credits": 0}, "credits", "min_value"),
            (CREDITS | {"credits": 100_001}, "credits", "max_value"),
            (CREDITS | {"credits": 1.5}, "credits", "invalid"),
            (PERIOD | {"renewal": "always"}, "renewal", "invalid_choice"),
            (PERIOD | {"features": "sauna"}, "features", "not_a_list"),
            (PERIOD | {"features": ["x" * 81]}, "features.0", "max_length"),
            (PERIOD | {"features": ["x"] * 51}, "features", "max_length"),
            (PERIOD | {"access_rules": [{}]}, "access_rules.0.weekdays", "required"),
            (PERIOD | {"access_rules": [{}]}, "access_rules.0.from", "required"),
            (
                PERIOD | {"access_rules": [RULE | {"weekdays": []}]},
                "access_rules.0.weekdays",
                "empty",
            ),
            (
                PERIOD | {"access_rules": [RULE | {"weekdays": [0]}]},
                "access_rules.0.weekdays.0",
                "min_value",
            ),
            (
                PERIOD | {"access_rules": [RULE | {"from": "24:00"}]},
                "access_rules.0.from",
                "invalid",
            ),
            (
                PERIOD | {"access_rules": [RULE | {"from": "9:00"}]},
                "access_rules.0.from",
                "invalid",
            ),
            (
                PERIOD | {"access_rules": [RULE | {"from": "0٩:00"}]},
                "access_rules.0.from",
                "invalid",
            ),
            (
                PERIOD | {"access_rules": [RULE | {"until": "05:00"}]},
                "access_rules.0.until",
                "invalid",
            ),
            (
                PERIOD | {"access_rules": [RULE | {"until": "06:00"}]},
                "access_rules.0.until",
                "invalid",
            ),
            (
                PERIOD | {"access_rules": [RULE, RULE | {"days": 1}]},
                "access_rules.1.days",
                "unknown_field",
            ),
            (PERIOD | {"colour": "red"}, "colour", "unknown_field"),
            (PERIOD | {"purpose": "bribe"}, "purpose", "invalid_choice"),
            (PERIOD | {"valid_from": "birth"}, "valid_from", "invalid_choice"),
            (CREDITS | {"valid_from": "first_visit"}, "duration", "required"),
            (PERIOD | {"max_members": -1}, "max_members", "min_value"),
            (PERIOD | {"max_members": 51}, "max_members", "max_value"),
            (PERIOD | {"max_per_customer": 0}, "max_per_customer", "min_value"),
            (PERIOD | {"max_per_customer": 1001}, "max_per_customer", "max_value"),
            (PERIOD | {"position": -1}, "position", "min_value"),
            (PERIOD | {"position": 1_000_001}, "position", "max_value"),
            (PERIOD | {"freezing": None}, "freezing", "null"),
            (PERIOD | {"freezing": {"days": 5}}, "freezing.times", "required"),
            (PERIOD | {"freezing": {"days": -1, "times": 0}}, "freezing.days", "min_value"),
            (PERIOD | {"freezing": {"days": 3661, "times": 0}}, "freezing.days", "max_value"),
            (PERIOD | {"freezing": {"days": 0, "times": 1001}}, "freezing.times", "max_value"),
            (
                PERIOD | {"freezing": {"days": 0, "times": 0, "weeks": 1}},
                "freezing.weeks",
                "unknown_field",
            ),
            (
                PERIOD | {"access_rules": [RULE | {"locations": ["the pool"]}]},
                "access_rules.0.locations.0",
                "invalid",
            ),
            (
                PERIOD | {"access_rules": [RULE | {"locations": "the pool"}]},
                "access_rules.0.locations",
                "not_a_list",
            ),
        ],
    )
    def test_names_what_is_wrong(
        self, admin_a: Caller, body: dict[str, Any], field: str, code: str
    ) -> None:
        assert (field, code) in codes(admin_a.post("packages", body))
        assert len(admin_a.get("packages").json()["results"]) == 2

    @pytest.mark.parametrize("missing", ["name", "type", "price", "duration"])
    def test_needs_the_essentials(self, admin_a: Caller, missing: str) -> None:
        body = {name: value for name, value in PERIOD.items() if name != missing}
        assert codes(admin_a.post("packages", body)) == {(missing, "required")}

    def test_needs_credits_where_credits_are_sold(self, admin_a: Caller) -> None:
        body = {name: value for name, value in CREDITS.items() if name != "credits"}
        assert codes(admin_a.post("packages", body)) == {("credits", "required")}


class TestChange:
    def test_changes_what_is_sent_and_nothing_else(
        self, admin_a: Caller, club_a: ClubWorld
    ) -> None:
        path = f"packages/{club_a.credits_package}"
        before = admin_a.get(path).json()
        changes = {
            "name": "Twelve visits",
            "credits": 12,
            "price": {"amount": 10900, "currency": "EUR"},
            "duration": None,
            "is_active": False,
        }
        response = admin_a.patch(path, changes)
        assert response.status_code == 200
        assert response.json() == admin_a.get(path).json() == before | changes

    def test_leaves_what_was_bought_as_it_was(
        self, admin_a: Caller, customer_a: Caller, club_a: ClubWorld
    ) -> None:
        before = customer_a.get("me/subscriptions").json()
        changes = {"credits": 99, "name": "Other", "price": {"amount": 1, "currency": "EUR"}}
        admin_a.patch(f"packages/{club_a.credits_package}", changes)
        assert customer_a.get("me/subscriptions").json() == before

    @pytest.mark.parametrize(
        ("changes", "field", "code"),
        [
            ({"type": "period"}, "type", "unknown_field"),
            ({"credits": None}, "credits", "required"),
            ({"price": {"amount": 1, "currency": "USD"}}, "price.currency", "wrong_currency"),
            ({"name": ""}, "name", "blank"),
        ],
    )
    def test_names_what_is_wrong(
        self,
        admin_a: Caller,
        club_a: ClubWorld,
        changes: dict[str, Any],
        field: str,
        code: str,
    ) -> None:
        path = f"packages/{club_a.credits_package}"
        before = admin_a.get(path).json()
        assert codes(admin_a.patch(path, changes)) == {(field, code)}
        assert admin_a.get(path).json() == before

    def test_names_what_does_not_fit_a_period(self, admin_a: Caller, club_a: ClubWorld) -> None:
        path = f"packages/{club_a.period_package}"
        assert codes(admin_a.patch(path, {"duration": None})) == {("duration", "required")}
        assert codes(admin_a.patch(path, {"credits": 5})) == {("credits", "not_allowed")}


class TestFurtherTerms:
    """What else may be agreed: by whom, from when, with whom, how often, with how much rest."""

    TERMS: ClassVar[dict[str, Any]] = {
        "purpose": "trial",
        "valid_from": "first_visit",
        "max_members": 3,
        "max_per_customer": 2,
        "freezing": {"days": 30, "times": None},
        "position": 7,
    }

    def test_are_kept_and_changed_one_by_one(self, admin_a: Caller) -> None:
        made = admin_a.post("packages", PERIOD | self.TERMS).json()
        assert {name: made[name] for name in self.TERMS} == self.TERMS
        path = f"packages/{made['id']}"
        usual = {name: USUAL[name] for name in self.TERMS}
        for name, value in usual.items():
            changed = admin_a.patch(path, {name: value})
            assert changed.status_code == 200
            made |= {name: value}
            assert changed.json() == admin_a.get(path).json() == made

    def test_go_with_what_is_sold(self, admin_a: Caller, club_a: ClubWorld) -> None:
        made = admin_a.post("packages", PERIOD | self.TERMS).json()
        body = {"customer": str(club_a.other_customer), "package": made["id"]}
        sold = admin_a.post("subscriptions", body).json()
        for name in ("purpose", "valid_from", "max_members", "freezing"):
            assert sold[name] == self.TERMS[name]
        assert (sold["ends_at"], sold["begun_at"]) == (None, None)
        assert admin_a.patch(f"packages/{made['id']}", {"max_members": 0}).status_code == 200
        assert admin_a.get(f"subscriptions/{sold['id']}").json() == sold

    def test_need_a_duration_to_count_from_the_first_visit(
        self, admin_a: Caller, club_a: ClubWorld
    ) -> None:
        path = f"packages/{club_a.credits_package}"
        assert admin_a.patch(path, {"valid_from": "first_visit"}).status_code == 200
        assert codes(admin_a.patch(path, {"duration": None})) == {("duration", "required")}

    def test_may_hold_at_some_locations_alone(self, admin_a: Caller, club_a: ClubWorld) -> None:
        rules = [RULE | {"locations": [str(club_a.location)]}, RULE]
        made = admin_a.post("packages", PERIOD | {"access_rules": rules}).json()
        assert made["access_rules"] == rules
        assert admin_a.get(f"packages/{made['id']}").json() == made

    def test_name_each_location_that_the_club_does_not_have(
        self, admin_a: Caller, club_a: ClubWorld, club_b: ClubWorld
    ) -> None:
        known = str(club_a.location)
        rules = [
            RULE,
            RULE | {"locations": [known, str(club_b.location)]},
            RULE | {"locations": [str(new_id()), known]},
        ]
        complaints = {
            ("access_rules.1.locations.1", "does_not_exist"),
            ("access_rules.2.locations.0", "does_not_exist"),
        }
        assert codes(admin_a.post("packages", PERIOD | {"access_rules": rules})) == complaints
        path = f"packages/{club_a.period_package}"
        assert codes(admin_a.patch(path, {"access_rules": rules})) == complaints
        assert admin_a.get(path).json()["access_rules"] == []


class TestArchive:
    @pytest.fixture
    def archived(self, admin_a: Caller) -> str:
        """The path of a package that was archived."""
        path = f"packages/{admin_a.post('packages', PERIOD | {'name': 'Old'}).json()['id']}"
        answer = admin_a.patch(path, {"is_archived": True})
        assert answer.status_code == 200
        assert (answer.json()["is_archived"], answer.json()["is_active"]) == (True, False)
        return path

    def names(self, caller: Caller, query: str = "") -> list[str]:
        return [row["name"] for row in caller.get(f"packages{query}").json()["results"]]

    def test_takes_a_package_off_the_list_and_out_of_sale(
        self, admin_a: Caller, club_a: ClubWorld, archived: str
    ) -> None:
        assert self.names(admin_a) == ["Monthly", "Ten visits"]
        assert admin_a.get(archived).json()["name"] == "Old"
        body = {
            "customer": str(club_a.customer),
            "package": archived.partition("/")[2],
            "method": "cash",
        }
        answer = admin_a.post("sales", body)
        assert (answer.status_code, answer.json()["code"]) == (409, "package_inactive")

    @pytest.mark.parametrize(
        ("query", "names"),
        [
            ("?is_archived=true", ["Old"]),
            ("?is_archived=false", ["Monthly", "Ten visits"]),
            ("?is_archived=true&type=credits", []),
            ("?is_active=false", []),
            ("?is_active=false&is_archived=true", ["Old"]),
        ],
    )
    def test_is_filtered(
        self, admin_a: Caller, archived: str, query: str, names: list[str]
    ) -> None:
        assert self.names(admin_a, query) == names

    def test_is_not_filtered_by_what_makes_no_sense(self, admin_a: Caller) -> None:
        (field, _), *_ = codes(admin_a.get("packages?is_archived=perhaps"))
        assert field == "is_archived"

    def test_shows_customers_nothing(
        self, customer_a: Caller, club_a: ClubWorld, archived: str
    ) -> None:
        assert self.names(customer_a, "?is_archived=true") == []
        assert customer_a.get(archived).status_code == 404
        shown = as_role(club_a, None).get("catalogue").json()["results"]
        assert "Old" not in {row["name"] for row in shown}

    def test_keeps_it_from_being_made_active(self, admin_a: Caller, archived: str) -> None:
        for body in ({"is_active": True}, {"is_active": True, "is_archived": True}):
            answer = admin_a.patch(archived, body)
            assert (answer.status_code, answer.json()["code"]) == (409, "package_archived")
            assert not admin_a.get(archived).json()["is_active"]

    def test_is_taken_back_inactive_unless_told_otherwise(
        self, admin_a: Caller, archived: str
    ) -> None:
        row = admin_a.patch(archived, {"is_archived": False}).json()
        assert (row["is_archived"], row["is_active"]) == (False, False)
        admin_a.patch(archived, {"is_archived": True})
        row = admin_a.patch(archived, {"is_archived": False, "is_active": True}).json()
        assert (row["is_archived"], row["is_active"]) == (False, True)

    def test_leaves_what_was_bought_alone(self, admin_a: Caller, club_a: ClubWorld) -> None:
        before = admin_a.get(f"subscriptions/{club_a.subscription}").json()
        admin_a.patch(f"packages/{club_a.credits_package}", {"is_archived": True})
        assert admin_a.get(f"subscriptions/{club_a.subscription}").json() == before


class TestOffer:
    @pytest.fixture
    def hidden(self, admin_a: Caller) -> list[str]:
        """A package that is not public, and one that is no longer sold."""
        made = [
            admin_a.post("packages", PERIOD | fields).json()
            for fields in (
                {"name": "Staff", "is_public": False},
                {"name": "Old", "is_active": False},
            )
        ]
        return [row["id"] for row in made]

    def names(self, caller: Caller, query: str = "") -> list[str]:
        return [row["name"] for row in caller.get(f"packages{query}").json()["results"]]

    def test_is_all_that_customers_see(
        self, customer_a: Caller, hidden: list[str], club_a: ClubWorld
    ) -> None:
        assert self.names(customer_a) == ["Monthly", "Ten visits"]
        assert self.names(customer_a, "?is_public=false") == []
        assert self.names(customer_a, "?is_active=false") == []
        for package in hidden:
            assert customer_a.get(f"packages/{package}").status_code == 404
        assert customer_a.get(f"packages/{club_a.period_package}").status_code == 200

    def test_is_not_all_that_those_see_who_sell(self, staff_a: Caller, hidden: list[str]) -> None:
        assert self.names(staff_a) == ["Old", "Staff", "Monthly", "Ten visits"]
        for package in hidden:
            assert staff_a.get(f"packages/{package}").status_code == 200

    @pytest.mark.parametrize(
        ("query", "names"),
        [
            ("?type=credits", ["Ten visits"]),
            ("?type=period&is_active=true", ["Staff", "Monthly"]),
            ("?is_public=false", ["Staff"]),
        ],
    )
    def test_is_filtered(
        self, staff_a: Caller, hidden: list[str], query: str, names: list[str]
    ) -> None:
        assert self.names(staff_a, query) == names

    def test_is_not_filtered_by_what_makes_no_sense(self, staff_a: Caller) -> None:
        assert codes(staff_a.get("packages?type=eternal")) == {("type", "invalid_choice")}


class TestCatalogue:
    def test_shows_anybody_what_is_on_offer(
        self, admin_a: Caller, club_a: ClubWorld, club_b: ClubWorld
    ) -> None:
        hidden = admin_a.post("packages", CREDITS | {"name": "Hidden", "is_public": False}).json()
        archived = admin_a.post("packages", CREDITS | {"name": "Archived"}).json()
        admin_a.patch(f"packages/{archived['id']}", {"is_active": False})
        shown = as_role(club_a, None).get("catalogue").json()["results"]
        assert {row["id"] for row in shown} == {
            str(club_a.credits_package),
            str(club_a.period_package),
        }
        everything = {row["id"] for row in admin_a.get("packages").json()["results"]}
        assert {hidden["id"], archived["id"]} <= everything  # so there was something to leave out

    def test_says_what_is_sold_and_nothing_of_the_running_of_it(self, club_a: ClubWorld) -> None:
        (row, *_) = as_role(club_a, None).get("catalogue").json()["results"]
        assert {"name", "price", "duration", "credits", "access_rules"} <= set(row)
        assert not {"is_active", "is_public", "created_at"} & set(row)

    @pytest.mark.parametrize("size", [1, 2, 3, 50])
    def test_stands_in_the_order_that_the_club_gave_it_over_all_pages(
        self, admin_a: Caller, club_a: ClubWorld, size: int
    ) -> None:
        for package in (club_a.credits_package, club_a.period_package):
            admin_a.patch(f"packages/{package}", {"position": 2})
        for name, position in (("E", 10), ("A", 0), ("B", 0), ("D", 9), ("C", 1)):
            admin_a.post("packages", PERIOD | {"name": name, "position": position})
        visitor = as_role(club_a, None)
        wanted = ["B", "A", "C", "Monthly", "Ten visits", "D", "E"]  # the newest of equals first
        pages: list[list[str]] = []
        path, last = f"catalogue?page_size={size}", {}
        while path:
            last = visitor.get(path).json()
            pages.append([row["name"] for row in last["results"]])
            path = (last["next"] or "").partition(club_a.host)[2]
        assert [name for page in pages for name in page] == wanted
        assert all(len(page) == size for page in pages[:-1])
        back = (last["previous"] or "").partition(club_a.host)[2]
        if back:
            before = visitor.get(back).json()["results"]
            assert [row["name"] for row in before] == pages[-2]

    def test_is_no_reason_to_look_at_a_token(self, club_a: ClubWorld) -> None:
        assert Caller(club_a.host, "no.token.atall").get("catalogue").status_code == 200

    def test_is_shut_with_the_club(self, club_a: ClubWorld) -> None:
        with binding.platform():
            club_services.set_status(club_id=club_a.ref.id, status=ClubStatus.SUSPENDED)
        answer = as_role(club_a, None).get("catalogue")
        assert (answer.status_code, answer.json()["code"]) == (403, "club_suspended")


class TestAccess:
    @pytest.mark.parametrize("role", [Role.CLUB_STAFF, Role.CUSTOMER])
    def test_lets_only_admins_change_what_is_sold(self, club_a: ClubWorld, role: Role) -> None:
        caller = as_role(club_a, role)
        path = f"packages/{club_a.period_package}"
        before = caller.get(path).json()
        assert caller.post("packages", PERIOD).status_code == 403
        assert caller.patch(path, {"name": "x"}).status_code == 403
        assert caller.get(path).json() == before

    def test_knows_the_clubs_own_alone(self, admin_a: Caller, club_b: ClubWorld) -> None:
        for unknown in (club_b.period_package, new_id()):
            assert admin_a.get(f"packages/{unknown}").status_code == 404
            assert admin_a.patch(f"packages/{unknown}", {"name": "x"}).status_code == 404
