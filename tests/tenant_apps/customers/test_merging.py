"""Two records become one person: what moves, what stays, and what is refused afterwards."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from platform_shared.accounts import services as account_services
from platform_shared.accounts.errors import EmailTaken
from platform_shared.accounts.models import User
from platform_shared.clubs import services as club_services
from platform_shared.kit import clock
from platform_shared.kit.errors import InvalidInput, NotFound
from platform_shared.kit.ids import new_id
from tenant_apps.checkins import selectors as checkin_selectors
from tenant_apps.checkins.enums import Kind
from tenant_apps.customers import merging, selectors, services
from tenant_apps.customers.errors import (
    BothHaveLogins,
    CustomerMerged,
    GuardianCycle,
    PossibleDuplicate,
)
from tenant_apps.customers.models import Customer, Merge
from tenant_apps.invoices.models import Invoice
from tenant_apps.qr_codes import services as code_services
from tenant_apps.qr_codes.models import QRCode
from tenant_apps.reports import selectors as report_selectors
from tenant_apps.subscriptions import services as subscription_services
from tenant_apps.subscriptions.models import Subscription, SubscriptionMember
from tests.support.api import Caller, as_role
from tests.support.world import BORN, PASSWORD, ClubWorld
from tests.tenant_apps.checkins.door import annul, reason, scan
from tests.tenant_apps.customers.test_search import found
from tests.tenant_apps.sales.desk import STAFF, new_customer, new_package, new_pass, sell
from tests.tenant_apps.subscriptions.books import books_balance

__all__ = ["books_balance"]
LATER = BORN + timedelta(hours=1)


def merge(survivor: UUID, duplicate: UUID) -> Customer:
    return merging.merge_customers(
        survivor_id=survivor, duplicate_id=duplicate, now=LATER, actor=STAFF
    )


class TestWhatMoves:
    def test_are_subscriptions_codes_and_invoices(self, bound_a: ClubWorld) -> None:
        member = new_pass(visits=3)
        survivor = new_customer("Dora Nagy")
        merge(survivor.id, member.customer)
        for model in (Subscription, QRCode, Invoice):
            assert model.objects.filter(customer_id=survivor.id).count() == 1
            assert not model.objects.filter(customer_id=member.customer).exists()
        row = Merge.objects.get(pk=member.customer)
        assert (row.survivor_id, row.merged_at, row.actor) == (survivor.id, LATER, STAFF)
        assert row.moved == {
            "subscriptions": 1,
            "qr_codes": 1,
            "invoices": 1,
            "check_ins": 0,
            "wards": 0,
        }

    def test_is_asked_of_every_app_that_keeps_a_customer(self) -> None:
        """A new table of customers' things has to say what a merge does with it."""
        moved = {Subscription, SubscriptionMember, QRCode, Invoice, checkin_selectors.CheckIn}
        own = {"tenant_apps.customers"}
        pointing = {
            relation.related_model
            for relation in Customer._meta.get_fields(include_hidden=True)
            if relation.auto_created and relation.is_relation
        }
        others = {m for m in pointing if m._meta.app_config.name not in own}
        assert others == moved
        assert set(merging.movers()) == {"subscriptions", "qr_codes", "invoices", "check_ins"}

    def test_fills_what_the_survivor_does_not_say(self, bound_a: ClubWorld) -> None:
        guardian = new_customer("Gerda")
        duplicate = new_customer(
            "Dora",
            email="dora@alpha.test",
            phone="030 1234567",
            birth_date=date(1990, 1, 2),
            address="Street 1",
            emergency_contact={"name": "Emil", "phone": "1"},
            notes="Two.",
            tags=["vip", "late"],
            location_ids=[bound_a.location],
            guardian_id=guardian.id,
            guardian_relation="aunt",
        )
        survivor = new_customer("Theodora", notes="One.", tags=["late", "early"])
        left = merge(survivor.id, duplicate.id)
        assert (left.name, left.email, left.phone) == ("Theodora", "dora@alpha.test", "030 1234567")
        assert (left.phone_e164, left.birth_date) == ("+49301234567", date(1990, 1, 2))
        assert (left.address, left.emergency_name) == ("Street 1", "Emil")
        assert (left.notes, left.tags) == ("One.\nTwo.", ["late", "early", "vip"])
        assert (left.guardian_id, left.guardian_relation) == (guardian.id, "aunt")
        assert [home.location_id for home in left.home_locations.all()] == [bound_a.location]

    def test_overwrites_nothing(self, bound_a: ClubWorld) -> None:
        said = {
            "email": "a@alpha.test",
            "phone": "030 1234567",
            "birth_date": date(1990, 1, 2),
            "address": "Street 1",
            "emergency_contact": {"name": "Emil", "phone": "1"},
            "location_ids": [bound_a.location],
        }
        survivor = new_customer("Theodora", **said)
        other = said | {"email": "b@alpha.test", "phone": "030 7654321", "address": "Street 2"}
        other |= {"birth_date": date(1991, 1, 2), "emergency_contact": {"name": "x", "phone": "2"}}
        duplicate = new_customer("Dora", **other)
        before = Customer.objects.filter(pk=survivor.id).values().get()
        merge(survivor.id, duplicate.id)
        assert Customer.objects.filter(pk=survivor.id).values().get() == before

    def test_are_the_wards(self, bound_a: ClubWorld) -> None:
        mother, again = new_customer("Mum"), new_customer("Mother")
        child = new_customer("Kim", guardian_id=again.id)
        merge(mother.id, again.id)
        child.refresh_from_db()
        assert child.guardian_id == mother.id


class TestFinding:
    def test_goes_by_both_names(self, bound_a: ClubWorld) -> None:
        old = new_customer("Dora Maiden", email="maiden@alpha.test", phone="030 1234567")
        new = new_customer("Dora Married", email="married@alpha.test", phone="030 7654321")
        merge(new.id, old.id)
        for text in ("maiden", "married", "maiden married", "maiden@", "030 123", "030 765"):
            assert found(text) == ["Dora Married"], text
        for address in ("maiden@alpha.test", "married@alpha.test"):
            rows = selectors.list_customers().filter(pk__in=selectors.with_email(address))
            assert [row.id for row in rows] == [new.id]

    def test_goes_on_when_the_survivor_is_changed_or_merged(self, bound_a: ClubWorld) -> None:
        a, b, c = (new_customer(name) for name in ("Anna", "Berta", "Clara"))
        merge(b.id, a.id)
        services.change_customer(customer_id=b.id, changes={"name": "Britta"}, now=LATER)
        assert (found("anna"), found("berta")) == (["Britta"], [])
        merge(c.id, b.id)
        assert found("anna") == found("britta") == found("clara") == ["Clara"]
        assert selectors.get_customer(a.id).merge.survivor_id == c.id
        assert [row.id for row in selectors.list_customers() if row.id in (a.id, b.id)] == []

    def test_does_not_go_by_a_tag_that_is_taken_away(self, bound_a: ClubWorld) -> None:
        old, new = new_customer("Old", tags=["vip"]), new_customer("New")
        merge(new.id, old.id)
        assert [row["pk"] for row in selectors.with_tag("vip").values("pk")]
        services.change_customer(customer_id=new.id, changes={"tags": []}, now=LATER)
        assert not selectors.with_tag("vip")

    def test_of_a_duplicate_leads_to_the_survivor(self, bound_a: ClubWorld) -> None:
        dora = {"name": "Dora", "birth_date": date(1990, 1, 2)}
        old = new_customer(**dora, phone="030 1234567", email="old@alpha.test")
        new = new_customer("New", email="new@alpha.test", phone="030 7654321")
        merge(new.id, old.id)
        for fields, error in (
            (dora, PossibleDuplicate),
            ({"name": "x", "phone": "030 1234567"}, PossibleDuplicate),
            ({"name": "x", "email": "old@alpha.test"}, EmailTaken),
        ):
            with pytest.raises(error) as refused:
                new_customer(**fields)  # type: ignore[arg-type]
            assert refused.value.extras == {"customer": str(new.id)}
        # To the survivor it is no duplicate but the own past.
        changes = {**dora, "phone": "030 1234567", "email": "old@alpha.test"}
        services.change_customer(customer_id=new.id, changes=changes, now=LATER)


class TestTheDoor:
    def test_opens_to_the_old_code_at_the_survivors_cost(self, bound_a: ClubWorld) -> None:
        old = new_pass(visits=1)
        new = new_pass(visits=5, duration=("day", 1))
        merge(new.customer, old.customer)
        check_in = scan(old.code, at=LATER).check_in
        assert check_in.reason == "ok"
        assert (check_in.customer_id, check_in.subscription_id) == (new.customer, new.subscription)

    def test_remembers_who_is_inside(self, bound_a: ClubWorld) -> None:
        old, new = new_pass(visits=5), new_pass(visits=5)
        scan(old.code, at=LATER)
        merge(new.customer, old.customer)
        soon = LATER + timedelta(seconds=60)
        assert reason(new.code, at=soon) == reason(old.code, at=soon) == "already_inside"
        assert reason(new.code, at=soon, kind=Kind.EXIT) == "ok"
        assert reason(old.code, at=soon + timedelta(seconds=1)) == "ok"

    def test_would_forget_it_if_the_log_were_read_by_one_id(
        self, bound_a: ClubWorld, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(selectors, "with_merged", lambda customers: customers)
        old, new = new_pass(visits=5), new_pass(visits=5)
        scan(old.code, at=LATER)
        merge(new.customer, old.customer)
        assert reason(new.code, at=LATER + timedelta(seconds=60)) == "ok"

    def test_is_closed_to_the_duplicate_by_name(self, bound_a: ClubWorld) -> None:
        old, new = new_pass(visits=5), new_customer("New")
        merge(new.id, old.customer)
        assert reason(customer=old.customer, at=LATER) == "customer_inactive"
        assert reason(customer=new.id, at=LATER) == "ok"

    def test_takes_an_old_entry_back(self, bound_a: ClubWorld) -> None:
        club_services.change_settings(club_id=bound_a.ref.id, changes={"enforce_presence": True})
        old, new = new_pass(visits=1), new_customer("New")
        check_in = scan(old.code, at=LATER).check_in
        merge(new.id, old.customer)
        assert reason(old.code, at=LATER) == "already_inside"
        assert annul(check_in.id, at=LATER).credit_returned
        assert reason(old.code, at=LATER) == "ok"


class TestReading:
    @pytest.fixture
    def visits(self, bound_a: ClubWorld) -> tuple[UUID, UUID]:
        """A merged member, who came three times under two names, and the duplicate."""
        old, new = new_pass(), new_pass()
        scan(old.code, at=BORN)
        scan(new.code, at=BORN + timedelta(hours=3))
        merge(new.customer, old.customer)
        scan(old.code, at=BORN + timedelta(hours=6))
        return new.customer, old.customer

    def test_of_the_log_finds_all_visits(self, visits: tuple[UUID, UUID], staff_a: Caller) -> None:
        survivor, duplicate = visits
        rows = staff_a.get(f"check-ins?customer={survivor}").json()["results"]
        assert [row["customer"]["id"] for row in rows] == [
            str(survivor),
            str(survivor),
            str(duplicate),
        ]
        assert len(staff_a.get(f"check-ins?customer={duplicate}").json()["results"]) == 1

    def test_of_the_own_log_does_so_too(
        self, visits: tuple[UUID, UUID], bound_a: ClubWorld
    ) -> None:
        merge(bound_a.customer, visits[0])
        customer = as_role(bound_a, "customer")  # type: ignore[arg-type]
        assert len(customer.get("me/check-ins").json()["results"]) == 3

    def test_counts_one_visitor(self, visits: tuple[UUID, UUID]) -> None:
        report = report_selectors.overview(BORN.date(), BORN.date() + timedelta(days=1))
        assert (report.total.check_ins, report.total.unique_visitors) == (3, 1)
        ((_, day),) = report.by_day
        assert day.unique_visitors == 1


class TestTheDuplicate:
    def test_is_inactive_and_leads_to_the_survivor(
        self, bound_a: ClubWorld, staff_a: Caller
    ) -> None:
        old, new = new_customer("Old", email="old@alpha.test"), new_customer("New")
        merge(new.id, old.id)
        shown = staff_a.get(f"customers/{old.id}").json()
        assert (shown["name"], shown["is_active"]) == ("Old", False)
        assert shown["merged_into"] == str(new.id)
        assert staff_a.get(f"customers/{new.id}").json()["merged_into"] is None

    def test_is_refused_everything(self, bound_a: ClubWorld, staff_a: Caller) -> None:
        old, middle, new = (new_customer(name).id for name in ("Old", "Middle", "New"))
        merge(middle, old)
        merge(new, middle)
        package = new_package().id
        calls: list[Callable[[], Any]] = [
            lambda: services.change_customer(
                customer_id=old, changes={"is_active": True}, now=LATER
            ),
            lambda: services.invite_customer(customer_id=old, password=None, now=LATER),
            lambda: sell(package, old),
            lambda: subscription_services.grant_subscription(
                customer_id=old, package_id=package, starts_at=None, now=LATER, actor=STAFF
            ),
            lambda: code_services.issue_code(
                customer_id=old, expires_at=None, now=LATER, actor=STAFF
            ),
            lambda: new_customer("Kim", guardian_id=old),
            lambda: merge(new, old),
            lambda: merge(old, new),
        ]
        for call in calls:
            with pytest.raises(CustomerMerged) as refused:
                call()
            assert refused.value.extras == {"merged_into": str(new)}
        answer = staff_a.patch(f"customers/{old}", {"name": "x"})
        assert (answer.status_code, answer.json()["code"]) == (409, "customer_merged")
        assert answer.json()["merged_into"] == str(new)


class TestRefusals:
    def test_leave_everything_as_it_was(self, bound_a: ClubWorld) -> None:
        one = new_customer("One").id
        for survivor, duplicate, error in (
            (one, one, InvalidInput),
            (one, new_id(), InvalidInput),
            (new_id(), one, NotFound),
        ):
            with pytest.raises(error):
                merge(survivor, duplicate)
        assert not Merge.objects.exists()

    def test_are_for_a_guardian_and_a_ward(self, bound_a: ClubWorld) -> None:
        mother = new_customer("Mum").id
        child = new_customer("Kim", guardian_id=mother).id
        for pair in ((mother, child), (child, mother)):
            with pytest.raises(GuardianCycle):
                merge(*pair)
        assert not Merge.objects.exists()

    def test_undo_what_a_mover_has_done_before_one_fails(
        self, bound_a: ClubWorld, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(duplicate: UUID, survivor: UUID) -> int:
            raise RuntimeError

        monkeypatch.setitem(merging._movers, "last", fail)
        member, other = new_pass(visits=1), new_customer("Other")
        with pytest.raises(RuntimeError):
            merge(other.id, member.customer)
        assert Subscription.objects.get(pk=member.subscription).customer_id == member.customer
        assert Customer.objects.get(pk=member.customer).is_active


class TestLogins:
    @staticmethod
    def invited(name: str, *, used: bool) -> Customer:
        customer = new_customer(name, email=f"{name.lower()}@alpha.test")
        password = PASSWORD if used else None
        services.invite_customer(customer_id=customer.id, password=password, now=BORN)
        customer.refresh_from_db()
        return customer

    @staticmethod
    def sign_in(email: str, now: datetime | None = None) -> User:
        return account_services.sign_in(email=email, password=PASSWORD, now=now or clock.now()).user

    def test_in_use_on_both_sides_are_in_the_way(self, bound_a: ClubWorld) -> None:
        old, new = self.invited("Old", used=True), self.invited("New", used=True)
        with pytest.raises(BothHaveLogins):
            merge(new.id, old.id)
        assert selectors.get_by_user(self.sign_in("old@alpha.test").id).id == old.id

    @pytest.mark.parametrize("invited_too", [False, True])
    def test_move_to_the_survivor(self, bound_a: ClubWorld, invited_too: bool) -> None:
        old = self.invited("Old", used=True)
        new = self.invited("New", used=False) if invited_too else new_customer("New")
        merge(new.id, old.id)
        assert selectors.get_by_user(self.sign_in("old@alpha.test").id).id == new.id
        assert not User.objects.filter(email="new@alpha.test").exists()

    @pytest.mark.parametrize("used", [False, True])
    def test_of_the_survivor_stay(self, bound_a: ClubWorld, used: bool) -> None:
        old, new = self.invited("Old", used=False), self.invited("New", used=used)
        merge(new.id, old.id)
        assert selectors.get_customer(new.id).user_id == new.user_id
        assert not User.objects.filter(email="old@alpha.test").exists()

    def test_that_are_not_used_yet_move_as_well(self, bound_a: ClubWorld) -> None:
        old, new = self.invited("Old", used=False), new_customer("New")
        merge(new.id, old.id)
        assert selectors.get_customer(new.id).user_id == old.user_id


class TestApi:
    def test_answers_with_the_survivor(self, bound_a: ClubWorld, staff_a: Caller) -> None:
        old = new_customer("Old", phone="030 1234567").id
        answer = staff_a.post(f"customers/{bound_a.other_customer}/merge", {"duplicate": old})
        assert answer.status_code == 200
        assert answer.json() == staff_a.get(f"customers/{bound_a.other_customer}").json()
        assert answer.json()["phone"] == "030 1234567"

    @pytest.mark.parametrize(
        ("body", "code"),
        [
            ({}, "required"),
            ({"duplicate": "x"}, "invalid"),
            ({"duplicate": None}, "null"),
            ({"duplicate": str(new_id())}, "does_not_exist"),
        ],
    )
    def test_names_what_is_wrong(
        self, staff_a: Caller, club_a: ClubWorld, body: dict[str, Any], code: str
    ) -> None:
        answer = staff_a.post(f"customers/{club_a.customer}/merge", body)
        (error,) = answer.json()["errors"]
        assert (answer.status_code, error["field"], error["code"]) == (400, "duplicate", code)
