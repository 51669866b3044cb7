"""Subscriptions over the API: granted by the club's admin, read by staff and by their owner."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from platform_shared.kit.access import Role
from platform_shared.tenancy import binding
from tenant_apps.subscriptions.models import Subscription
from tests.support import api
from tests.support.api import Caller
from tests.support.world import BORN, ClubWorld
from tests.tenant_apps.sales.desk import new_package
from tests.tenant_apps.subscriptions import holding
from tests.tenant_apps.subscriptions.books import Watch


@pytest.fixture
def admin(watch: Watch, club_a: ClubWorld) -> Caller:
    """The admin of club a, with the clock stopped."""
    return api.as_role(club_a, Role.CLUB_ADMIN)


class TestSubscriptions:
    def test_are_granted_for_nothing(self, admin: Caller, club_a: ClubWorld, watch: Watch) -> None:
        body = {"customer": str(club_a.other_customer), "package": str(club_a.credits_package)}
        answer = admin.post("subscriptions", body)
        assert answer.status_code == 201
        said = answer.json()
        assert (said["status"], said["credits"], said["used_credits"]) == ("active", 10, 0)
        assert (said["credits_left"], said["package_name"]) == (10, "Ten visits")
        assert said["starts_at"] == watch.now.isoformat().replace("+00:00", "Z")
        assert said["ends_at"] == "2027-03-02T10:00:00Z"
        assert said["price"] == {"amount": 9900, "currency": "EUR"}
        assert said["tax_rate"] == "19"
        assert admin.get(f"subscriptions/{said['id']}").json() == said
        assert admin.get(f"invoices?customer={club_a.other_customer}").json()["results"] == []

    def test_may_start_later(self, admin: Caller, club_a: ClubWorld) -> None:
        body = {
            "customer": str(club_a.other_customer),
            "package": str(club_a.period_package),
            "starts_at": "2026-12-24T12:00:00+01:00",
        }
        said = admin.post("subscriptions", body).json()
        assert said["starts_at"] == "2026-12-24T11:00:00Z"
        assert said["ends_at"] == "2027-01-24T11:00:00Z"
        assert (said["credits"], said["credits_left"]) == (None, None)

    @pytest.mark.parametrize(
        ("change", "status", "complaint"),
        [
            ({"customer": "nobody"}, 400, "customer"),
            ({"customer": str(BORN)}, 400, "customer"),
            ({"package": "01979c6e-5a40-7c3e-8d21-4f6b0a9e1c01"}, 400, "package"),
            ({"customer": "01979c6e-5a40-7c3e-8d21-4f6b0a9e1c01"}, 400, "customer"),
            ({"starts_at": "tomorrow"}, 400, "starts_at"),
            ({"starts_at": "9999-12-31T22:00:00Z"}, 400, "starts_at"),
            ({"starts_at": "0001-01-01T00:00:00Z"}, 400, "starts_at"),
            ({"starts_at": "2020-01-01T00:00:00Z"}, 400, "starts_at"),
            ({"credits": 5}, 400, "credits"),
        ],
    )
    def test_name_what_is_wrong(
        self,
        admin: Caller,
        club_a: ClubWorld,
        change: dict[str, object],
        status: int,
        complaint: str,
    ) -> None:
        body = {"customer": str(club_a.other_customer), "package": str(club_a.credits_package)}
        answer = admin.post("subscriptions", body | change)
        assert answer.status_code == status
        assert [error["field"] for error in answer.json()["errors"]] == [complaint]
        with binding.club(club_a.ref):
            assert not Subscription.objects.filter(customer_id=club_a.other_customer).exists()

    def test_are_not_granted_of_what_is_not_for_sale(
        self, admin: Caller, club_a: ClubWorld
    ) -> None:
        with binding.club(club_a.ref):
            gone = new_package(is_active=False)
        body = {"customer": str(club_a.other_customer), "package": str(gone.id)}
        answer = admin.post("subscriptions", body)
        assert (answer.status_code, answer.json()["code"]) == (409, "package_inactive")

    def test_are_listed_newest_first_and_filtered(
        self, admin: Caller, club_a: ClubWorld, watch: Watch
    ) -> None:
        other = {"customer": str(club_a.other_customer), "package": str(club_a.period_package)}
        made = [admin.post("subscriptions", other).json()["id"] for _ in range(2)]
        carlas = str(club_a.subscription)

        def listed(query: str = "") -> list[str]:
            rows = admin.get(f"subscriptions{query}").json()["results"]
            return [row["id"] for row in rows]

        assert listed() == [made[1], made[0], carlas]
        assert listed(f"?customer={club_a.customer}") == [carlas]
        assert listed("?type=period") == [made[1], made[0]]
        assert listed("?status=expired") == []
        first = admin.get("subscriptions?page_size=2").json()
        assert first["previous"] is None
        watch.forward(seconds=1)
        second = admin.get(first["next"].partition(club_a.host)[2]).json()
        assert [row["id"] for row in second["results"]] == [carlas]
        assert second["next"] is None

    def test_are_shown_to_their_owner(self, club_a: ClubWorld, watch: Watch) -> None:
        watch.forward(minutes=1)
        carla = api.as_role(club_a, Role.CUSTOMER)
        (row,) = carla.get("me/subscriptions").json()["results"]
        assert (row["id"], row["credits_left"]) == (str(club_a.subscription), 10)

    def test_are_404_when_another_club_has_them(self, admin: Caller, club_b: ClubWorld) -> None:
        answer = admin.get(f"subscriptions/{club_b.subscription}")
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def codes(answer: Any) -> set[tuple[str, str]]:
    """Return (field, code) of what a 400 complains about."""
    assert answer.status_code == 400, answer.content
    assert answer["Content-Type"] == "application/problem+json"
    return {(error["field"], error["code"]) for error in answer.json()["errors"]}


def refusal(answer: Any) -> dict[str, Any]:
    """Return the members of a 409, without those that every problem has."""
    assert answer.status_code == 409, answer.content
    usual = {"type", "title", "status", "detail", "instance", "request_id"}
    return {name: value for name, value in answer.json().items() if name not in usual}


@pytest.fixture
def staff(watch: Watch, club_a: ClubWorld) -> Caller:
    """The staff of club a, with the clock stopped."""
    return api.as_role(club_a, Role.CLUB_STAFF)


@pytest.fixture
def held(watch: Watch, club_a: ClubWorld) -> str:
    """The path of a subscription of three visits, two weeks, shared by two at most."""
    return path_of(club_a, watch, visits=3, duration=("week", 2), max_members=2)


def path_of(club: ClubWorld, watch: Watch, **package: Any) -> str:
    """Return the path of a new subscription of a new customer."""
    with binding.club(club.ref):
        return f"subscriptions/{holding.grant(now=watch.now, **package)}"


def at(watch: Watch, **span: float) -> str:
    """Return a time from now, as the API writes it."""
    return (watch.now + timedelta(**span)).isoformat().replace("+00:00", "Z")


class TestFreeze:
    def test_rests_and_wakes(self, staff: Caller, held: str, watch: Watch) -> None:
        body = {"ends_at": at(watch, days=3), "reason": "broken leg"}
        said = staff.post(f"{held}/freeze", body)
        assert said.status_code == 200
        row = said.json()
        assert (row["status"], row["frozen_from"]) == ("frozen", at(watch))
        assert (row["frozen_until"], row["ends_at"]) == (at(watch, days=3), at(watch, days=17))
        assert staff.get(held).json() == row
        watch.forward(days=1)
        row = staff.post(f"{held}/unfreeze", {"reason": "healed"}).json()
        assert (row["status"], row["frozen_from"], row["frozen_until"]) == ("active", None, None)
        assert row["ends_at"] == at(watch, days=14)
        told = staff.get(f"{held}/changes").json()["results"]
        assert [(change["action"], change["reason"]) for change in told] == [
            ("unfreeze", "healed"),
            ("freeze", "broken leg"),
            ("activate", ""),
        ]

    def test_is_planned_and_dropped(self, staff: Caller, held: str, watch: Watch) -> None:
        body = {"starts_at": at(watch, days=1), "ends_at": at(watch, days=2)}
        row = staff.post(f"{held}/freeze", body).json()
        assert (row["status"], row["frozen_from"]) == ("active", body["starts_at"])
        assert refusal(staff.post(f"{held}/freeze")) == {"code": "already_frozen"}
        assert staff.post(f"{held}/unfreeze").json()["frozen_from"] is None

    @pytest.mark.parametrize(
        ("body", "complaint"),
        [
            ({"ends_at": "tomorrow"}, ("ends_at", "invalid")),
            ({"ends_at": "2026-03-02T09:00:00Z"}, ("ends_at", "out_of_range")),
            ({"starts_at": "2026-03-02T09:00:00Z"}, ("starts_at", "in_the_past")),
            ({"starts_at": "2027-03-02T09:00:00Z"}, ("starts_at", "after_end")),
            ({"starts_at": "0001-01-01T00:00:00Z"}, ("starts_at", "in_the_past")),
            ({"starts_at": "9999-12-31T23:00:00Z"}, ("starts_at", "out_of_range")),
            ({"ends_at": "9999-12-31T23:00:00Z"}, ("ends_at", "out_of_range")),
            ({"reason": "x" * 501}, ("reason", "max_length")),
            ({"days": 5}, ("days", "unknown_field")),
        ],
    )
    def test_names_what_is_wrong(
        self, staff: Caller, held: str, body: dict[str, str], complaint: tuple[str, str]
    ) -> None:
        before = staff.get(held).json()
        assert codes(staff.post(f"{held}/freeze", body)) == {complaint}
        assert staff.get(held).json() == before

    def test_says_what_the_package_allows(
        self, staff: Caller, club_a: ClubWorld, watch: Watch
    ) -> None:
        days = path_of(club_a, watch, freezing={"days": 2, "times": None})
        times = path_of(club_a, watch, freezing={"days": None, "times": 0})
        body = {"ends_at": at(watch, days=3)}
        assert refusal(staff.post(f"{days}/freeze", body)) == {
            "code": "freeze_limit_reached",
            "days_left": 2,
        }
        assert refusal(staff.post(f"{times}/freeze", body)) == {
            "code": "freeze_limit_reached",
            "times": 0,
        }

    def test_says_that_nothing_rests(self, staff: Caller, held: str) -> None:
        assert refusal(staff.post(f"{held}/unfreeze")) == {"code": "not_frozen"}


class TestCancel:
    def test_ends_it_now(self, staff: Caller, held: str, watch: Watch) -> None:
        row = staff.post(f"{held}/cancel", {"reason": "moves away"}).json()
        assert (row["status"], row["ended_at"], row["credits_left"]) == ("cancelled", at(watch), 0)
        (line, *_) = staff.get(f"{held}/entries").json()["results"]
        assert (line["kind"], line["amount"], line["reason"]) == ("expiry", -3, "moves away")
        assert refusal(staff.post(f"{held}/cancel")) == {
            "code": "subscription_change_not_allowed",
            "action": "cancel",
            "subscription_status": "cancelled",
            "allowed_when": ["active", "frozen", "pending"],
        }

    def test_at_the_end_can_be_taken_back(self, staff: Caller, held: str) -> None:
        for wanted in (True, True, False, False):
            answer = staff.patch(held, {"cancel_at_end": wanted})
            assert (answer.status_code, answer.json()["cancel_at_end"]) == (200, wanted)
        told = staff.get(f"{held}/changes").json()["results"]
        assert [change["action"] for change in told] == ["keep", "cancel_at_end", "activate"]

    def test_at_the_end_needs_one(self, staff: Caller, club_a: ClubWorld, watch: Watch) -> None:
        endless = path_of(club_a, watch, visits=3, duration=None)
        answer = staff.patch(endless, {"cancel_at_end": True})
        assert refusal(answer) == {"code": "subscription_has_no_end"}

    @pytest.mark.parametrize(
        ("body", "complaint"),
        [
            ({}, ("cancel_at_end", "required")),
            ({"cancel_at_end": None}, ("cancel_at_end", "null")),
            ({"cancel_at_end": "perhaps"}, ("cancel_at_end", "invalid")),
            ({"cancel_at_end": True, "status": "active"}, ("status", "unknown_field")),
        ],
    )
    def test_names_what_is_wrong(
        self, staff: Caller, held: str, body: dict[str, Any], complaint: tuple[str, str]
    ) -> None:
        assert codes(staff.patch(held, body)) == {complaint}
        assert codes(staff.post(f"{held}/cancel", {"refund": 1})) == {("refund", "unknown_field")}
        assert staff.get(held).json()["status"] == "active"


class TestExtendAndRenew:
    def test_move_the_end(self, admin: Caller, held: str, watch: Watch) -> None:
        body = {"duration": {"unit": "day", "count": 3}, "reason": "closed"}
        row = admin.post(f"{held}/extend", body).json()
        assert row["ends_at"] == at(watch, days=17)
        row = admin.post(f"{held}/renew").json()
        # Over the change to summer time the clock on the wall stays.
        assert (row["ends_at"], row["credits"]) == (at(watch, days=31, hours=-1), 6)
        told = admin.get(f"{held}/changes").json()["results"]
        assert [(change["action"], change["reason"]) for change in told][:2] == [
            ("renew", ""),
            ("extend", "closed"),
        ]
        assert told[1]["detail"] == {
            "ends_at_before": at(watch, days=14).replace("Z", "+00:00"),
            "ends_at": at(watch, days=17).replace("Z", "+00:00"),
        }
        assert told[1]["changed_by"]["label"] == "admin@alpha.test"

    @pytest.mark.parametrize(
        ("body", "complaints"),
        [
            ({}, {("duration", "required"), ("reason", "required")}),
            ({"reason": ""}, {("duration", "required"), ("reason", "blank")}),
            (
                {"reason": "x", "duration": {"unit": "eon", "count": 0}},
                {("duration.unit", "invalid_choice"), ("duration.count", "min_value")},
            ),
            ({"reason": "x", "duration": 5}, {("duration", "invalid")}),
        ],
    )
    def test_name_what_is_wrong(
        self, admin: Caller, held: str, body: dict[str, Any], complaints: set[tuple[str, str]]
    ) -> None:
        before = admin.get(held).json()
        assert codes(admin.post(f"{held}/extend", body)) == complaints
        assert admin.get(held).json() == before

    def test_need_an_end(self, admin: Caller, club_a: ClubWorld, watch: Watch) -> None:
        endless = path_of(club_a, watch, visits=3, duration=None)
        body = {"duration": {"unit": "day", "count": 3}, "reason": "closed"}
        for answer in (admin.post(f"{endless}/extend", body), admin.post(f"{endless}/renew")):
            assert refusal(answer) == {"code": "subscription_has_no_end"}


class TestAdjust:
    def test_gives_and_takes_with_a_reason(self, admin: Caller, held: str) -> None:
        for amount, left in ((2, 5), (-4, 1)):
            body = {"credits": amount, "reason": "rained off"}
            assert admin.post(f"{held}/adjust", body).json()["credits_left"] == left
        lines = admin.get(f"{held}/entries").json()["results"]
        assert [(line["kind"], line["amount"], line["balance_after"]) for line in lines] == [
            ("adjustment", -1, 1),
            ("adjustment", -3, 2),
            ("adjustment", 2, 5),
            ("grant", 3, 3),
        ]
        assert [line["reason"] for line in lines] == ["rained off"] * 3 + [""]
        assert lines[0]["written_by"]["label"] == "admin@alpha.test"
        assert lines[0]["check_in"] is None
        assert lines[1]["lot"] == lines[3]["lot"] != lines[2]["lot"] == lines[0]["lot"]

    @pytest.mark.parametrize(
        ("body", "complaint"),
        [
            ({"reason": "x"}, ("credits", "required")),
            ({"credits": 0, "reason": "x"}, ("credits", "out_of_range")),
            ({"credits": 100_001, "reason": "x"}, ("credits", "max_value")),
            ({"credits": -100_001, "reason": "x"}, ("credits", "min_value")),
            ({"credits": 1.5, "reason": "x"}, ("credits", "invalid")),
            ({"credits": 1}, ("reason", "required")),
            ({"credits": 1, "reason": " "}, ("reason", "blank")),
            ({"credits": 1, "reason": "x", "amount": 1}, ("amount", "unknown_field")),
        ],
    )
    def test_names_what_is_wrong(
        self, admin: Caller, held: str, body: dict[str, Any], complaint: tuple[str, str]
    ) -> None:
        assert codes(admin.post(f"{held}/adjust", body)) == {complaint}
        assert admin.get(held).json()["credits_left"] == 3

    def test_takes_no_more_than_there_is(
        self, admin: Caller, held: str, club_a: ClubWorld, watch: Watch
    ) -> None:
        answer = admin.post(f"{held}/adjust", {"credits": -4, "reason": "x"})
        assert refusal(answer) == {"code": "not_enough_credits", "credits_left": 3}
        period = path_of(club_a, watch)
        answer = admin.post(f"{period}/adjust", {"credits": 1, "reason": "x"})
        assert refusal(answer) == {"code": "subscription_has_no_credits"}


class TestTransfer:
    def test_makes_it_somebody_elses(self, staff: Caller, held: str, club_a: ClubWorld) -> None:
        body = {"customer": str(club_a.other_customer), "reason": "a present"}
        before = staff.get(held).json()
        row = staff.post(f"{held}/transfer", body).json()
        assert row == before | {"customer": str(club_a.other_customer)}
        (change, *_) = staff.get(f"{held}/changes").json()["results"]
        assert (change["action"], change["reason"]) == ("transfer", "a present")
        assert change["detail"] == {
            "customer_before": before["customer"],
            "customer": str(club_a.other_customer),
        }
        assert refusal(staff.post(f"{held}/transfer", body)) == {"code": "same_customer"}

    def test_names_what_is_wrong(self, staff: Caller, held: str, club_b: ClubWorld) -> None:
        for customer, code in (
            (None, "null"),
            ("nobody", "invalid"),
            (str(uuid4()), "does_not_exist"),
            (str(club_b.customer), "does_not_exist"),
        ):
            answer = staff.post(f"{held}/transfer", {"customer": customer})
            assert codes(answer) == {("customer", code)}

    def test_is_not_to_somebody_deactivated(
        self, staff: Caller, held: str, club_a: ClubWorld
    ) -> None:
        staff.patch(f"customers/{club_a.other_customer}", {"is_active": False})
        answer = staff.post(f"{held}/transfer", {"customer": str(club_a.other_customer)})
        assert refusal(answer)["code"] == "customer_inactive"


class TestMembers:
    def test_are_added_listed_and_removed(
        self, staff: Caller, held: str, club_a: ClubWorld, watch: Watch
    ) -> None:
        body = {"customer": str(club_a.other_customer)}
        answer = staff.post(f"{held}/members", body)
        assert answer.status_code == 201
        said = answer.json()
        assert said == body | {
            "id": said["id"],
            "customer_name": "Otto of alpha",
            "added_at": at(watch),
            "added_by": said["added_by"],
        }
        assert said["added_by"]["label"] == "staff@alpha.test"
        assert staff.get(f"{held}/members").json()["results"] == [said]
        assert refusal(staff.post(f"{held}/members", body)) == {"code": "already_member"}
        gone = staff.request("DELETE", f"{held}/members/{club_a.other_customer}")
        assert (gone.status_code, gone.content) == (204, b"")
        assert staff.get(f"{held}/members").json()["results"] == []
        again = staff.request("DELETE", f"{held}/members/{club_a.other_customer}")
        assert (again.status_code, again.json()["code"]) == (404, "not_found")

    def test_see_what_they_share(self, staff: Caller, held: str, club_a: ClubWorld) -> None:
        staff.post(f"{held}/members", {"customer": str(club_a.customer)})
        rows = api.as_role(club_a, Role.CUSTOMER).get("me/subscriptions").json()["results"]
        assert {row["id"] for row in rows} == {held.partition("/")[2], str(club_a.subscription)}

    def test_are_no_more_than_the_package_allows(
        self, staff: Caller, club_a: ClubWorld, watch: Watch
    ) -> None:
        alone = path_of(club_a, watch)
        answer = staff.post(f"{alone}/members", {"customer": str(club_a.customer)})
        assert refusal(answer) == {"code": "not_shareable", "max_members": 0}

    def test_are_customers_of_the_club(self, staff: Caller, held: str, club_b: ClubWorld) -> None:
        for customer, code in (
            ("nobody", "invalid"),
            (str(uuid4()), "does_not_exist"),
            (str(club_b.customer), "does_not_exist"),
        ):
            answer = staff.post(f"{held}/members", {"customer": customer})
            assert codes(answer) == {("customer", code)}
        assert codes(staff.post(f"{held}/members", {})) == {("customer", "required")}
        owner = staff.get(held).json()["customer"]
        answer = staff.post(f"{held}/members", {"customer": owner})
        assert refusal(answer) == {"code": "same_customer"}


class TestLimitsOfSale:
    @pytest.fixture
    def sold(self, staff: Caller, club_a: ClubWorld) -> Callable[..., Any]:
        """Sell a new package twice to the same customer; return the second answer."""

        def twice(**package: Any) -> Any:
            with binding.club(club_a.ref):
                bought = new_package(**package)
            body = {
                "customer": str(club_a.other_customer),
                "package": str(bought.id),
                "method": "cash",
            }
            assert staff.post("sales", body).status_code == 201
            return staff.post("sales", body)

        return twice

    def test_hold_at_the_desk(self, sold: Callable[..., Any]) -> None:
        assert refusal(sold(purpose="trial")) == {"code": "trial_used"}
        assert refusal(sold(max_per_customer=1)) == {
            "code": "purchase_limit_reached",
            "allowed": 1,
        }

    def test_hold_for_grants(self, admin: Caller, club_a: ClubWorld) -> None:
        with binding.club(club_a.ref):
            trial = new_package(purpose="trial")
        body = {"customer": str(club_a.customer), "package": str(trial.id)}
        assert refusal(admin.post("subscriptions", body)) == {"code": "trial_used"}


class TestUnknown:
    @pytest.mark.parametrize(
        ("method", "route", "body"),
        [
            ("GET", "", None),
            ("PATCH", "", {"cancel_at_end": True}),
            ("POST", "/freeze", {}),
            ("POST", "/unfreeze", {}),
            ("POST", "/cancel", {}),
            ("POST", "/extend", {"duration": {"unit": "day", "count": 1}, "reason": "x"}),
            ("POST", "/renew", {}),
            ("POST", "/adjust", {"credits": 1, "reason": "x"}),
            ("POST", "/transfer", {"customer": "{customer}"}),
            ("GET", "/members", None),
            ("POST", "/members", {"customer": "{customer}"}),
            ("DELETE", "/members/{customer}", None),
            ("GET", "/entries", None),
            ("GET", "/changes", None),
        ],
    )
    def test_is_404(
        self,
        admin: Caller,
        club_a: ClubWorld,
        club_b: ClubWorld,
        method: str,
        route: str,
        body: dict[str, Any] | None,
    ) -> None:
        customer = str(club_a.other_customer)
        asked = {
            name: customer if value == "{customer}" else value
            for name, value in (body or {}).items()
        }
        for unknown in (uuid4(), club_b.subscription):
            path = f"subscriptions/{unknown}{route.format(customer=customer)}"
            answer = admin.request(method, path, None if body is None else asked)
            assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
