"""Scans and annulments: what is recorded, what is charged, what is given back."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from uuid import UUID, uuid4

import pytest
from django.db import IntegrityError, connection, transaction

from platform_shared.clubs import services as club_services
from platform_shared.kit.errors import InvalidInput, NotFound
from platform_shared.kit.ids import new_id
from platform_shared.tenancy import binding
from tenant_apps.checkins import decision, services
from tenant_apps.checkins.enums import Kind, Method, Reason, Result
from tenant_apps.checkins.errors import AlreadyAnnulled, NotAnnullable, ScanIdReused
from tenant_apps.checkins.models import Annulment, CheckIn
from tenant_apps.customers import services as customer_services
from tenant_apps.locations import services as location_services
from tenant_apps.qr_codes import keys, tokens
from tenant_apps.qr_codes import services as code_services
from tenant_apps.qr_codes.models import QRCode
from tenant_apps.subscriptions import services as subscription_services
from tenant_apps.subscriptions.enums import EntryKind
from tenant_apps.subscriptions.models import CreditEntry, CreditLot, Subscription
from tenant_apps.subscriptions.services import ledger
from tests.door_protocol.make_vectors import base45
from tests.support import statements
from tests.support.world import BORN, ClubWorld
from tests.tenant_apps.checkins.door import annul, reason, scan
from tests.tenant_apps.sales.desk import STAFF, new_customer, new_package, new_pass, sell
from tests.tenant_apps.subscriptions.ledger import lines_of

NOON = BORN + timedelta(hours=2)
WEEK = timedelta(weeks=1)
AFTER_REENTRY = timedelta(seconds=120)
# Foreign keys are checked at commit, which tests never reach, and tables wait for that.
CHECK_NOW = "SET CONSTRAINTS ALL IMMEDIATE"


def changed(code: str, position: int) -> str:
    """Return the code with one bit of the token's byte at ``position`` flipped."""
    token = tokens.decode(code)
    raw = bytearray(token.signed_part.removeprefix(b"qrcheckin/v1/static") + token.signature)
    raw[position] ^= 1
    return "QC1:" + base45(bytes(raw))


def left(subscription_id: UUID) -> int | None:
    """Return how many credits a subscription has left."""
    return Subscription.objects.get(pk=subscription_id).credits_left


@pytest.mark.usefixtures("bound_a")
class TestRecordScan:
    def test_charges_one_credit_and_says_what_is_left(self) -> None:
        member = new_pass(visits=3)
        answer = scan(member.code, at=NOON)
        row = CheckIn.objects.get(pk=answer.check_in.pk)
        assert answer.is_new
        assert (row.result, row.reason) == (Result.ACCEPTED, Reason.OK)
        assert (row.kind, row.method) == (Kind.ENTRY, Method.CODE)
        assert row.customer_id == member.customer
        assert row.qr_code_id == member.sale.qr_code.id
        assert row.subscription_id == member.subscription
        assert row.credits_left == 2
        assert row.subscription_ends_at == member.sale.subscription.ends_at
        assert row.scanned_at == NOON
        assert row.actor == STAFF
        assert left(member.subscription) == 2
        assert lines_of(member.subscription) == [("grant", 3, 3), ("check_in", -1, 2)]
        lot = CreditLot.objects.get(subscription_id=member.subscription)
        assert (row.lot_id, lot.remaining) == (lot.id, 2)
        line = CreditEntry.objects.get(check_in_id=row.id)
        assert (line.lot_id, line.occurred_at, line.actor) == (lot.id, NOON, STAFF)

    def test_refuses_the_visit_after_the_last_credit(self) -> None:
        member = new_pass(visits=2)
        said = [reason(member.code, at=NOON + n * AFTER_REENTRY) for n in range(3)]
        assert said == ["ok", "ok", "no_credits"]
        assert lines_of(member.subscription) == [
            ("grant", 2, 2),
            ("check_in", -1, 1),
            ("check_in", -1, 0),
        ]

    def test_records_a_refusal_with_the_subscription_it_is_about(self) -> None:
        member = new_pass(visits=1)
        scan(member.code, at=NOON)
        refused = scan(member.code, at=NOON + AFTER_REENTRY).check_in
        assert (refused.result, refused.reason) == ("refused", "no_credits")
        assert refused.customer_id == member.customer
        assert refused.judged == {
            "id": member.subscription,
            "package": "1 visits",
            "credits_left": 0,
            "ends_at": member.sale.subscription.ends_at,
        }
        assert refused.lot_id is None

    def test_takes_nothing_for_a_period(self) -> None:
        member = new_pass()
        first = scan(member.code, at=NOON).check_in
        again = scan(member.code, at=NOON + AFTER_REENTRY).check_in
        assert (first.reason, again.reason) == ("ok", "ok")
        assert (first.lot_id, first.credits_left) == (None, None)
        assert first.subscription_id == member.subscription
        assert lines_of(member.subscription) == []

    @pytest.mark.parametrize(
        ("after", "said"),
        [
            (AFTER_REENTRY - timedelta(microseconds=1), "already_inside"),
            (AFTER_REENTRY, "ok"),
        ],
    )
    def test_keeps_the_reentry_window(self, after: timedelta, said: str) -> None:
        member = new_pass(visits=5)
        scan(member.code, at=NOON)
        assert reason(member.code, at=NOON + after) == said
        assert left(member.subscription) == (4 if said == "already_inside" else 3)

    def test_keeps_the_window_per_customer_whatever_the_code(self) -> None:
        member = new_pass(visits=5)
        paper = code_services.issue_code(
            customer_id=member.customer, expires_at=None, now=BORN, actor=STAFF
        )
        scan(member.code, at=NOON)
        assert reason(code_services.draw(paper), at=NOON) == "already_inside"
        assert reason(customer=member.customer, at=NOON) == "already_inside"
        assert reason(new_pass(visits=1).code, at=NOON) == "ok"

    def test_has_no_window_when_the_club_turns_it_off(self, club_a: ClubWorld) -> None:
        club_services.change_settings(club_id=club_a.ref.id, changes={"reentry_seconds": 0})
        member = new_pass(visits=5)
        assert [reason(member.code, at=NOON) for _ in range(3)] == ["ok", "ok", "ok"]
        assert left(member.subscription) == 2

    def test_opens_the_window_by_an_exit(self) -> None:
        member = new_pass(visits=5)
        scan(member.code, at=NOON)
        scan(member.code, at=NOON, kind=Kind.EXIT)
        assert reason(member.code, at=NOON + timedelta(seconds=1)) == "ok"

    def test_counts_the_window_from_the_last_accepted_entry(self) -> None:
        member = new_pass(visits=5)
        scan(member.code, at=NOON)
        refused = scan(member.code, at=NOON + timedelta(seconds=100))
        assert refused.check_in.reason == "already_inside"
        assert reason(member.code, at=NOON + AFTER_REENTRY) == "ok"

    def test_enforces_presence_where_the_club_wants_it(self, club_a: ClubWorld) -> None:
        club_services.change_settings(club_id=club_a.ref.id, changes={"enforce_presence": True})
        member = new_pass(visits=5, duration=("year", 1))
        scan(member.code, at=NOON)
        evening = NOON + timedelta(hours=8)
        assert reason(member.code, at=evening) == "already_inside"
        scan(member.code, at=evening, kind=Kind.EXIT)
        assert reason(member.code, at=evening) == "ok"

    def test_takes_a_forgotten_exit_for_done_at_the_clubs_night(self, club_a: ClubWorld) -> None:
        club_services.change_settings(club_id=club_a.ref.id, changes={"enforce_presence": True})
        member = new_pass(visits=5, duration=("year", 1))
        scan(member.code, at=NOON)
        night = datetime(NOON.year, NOON.month, NOON.day + 1, 2, 30, tzinfo=UTC)  # 3:30 in Berlin
        with binding.club(replace(club_a.ref, night_at=time(3, 30))):
            assert reason(member.code, at=night - timedelta(seconds=1)) == "already_inside"
            assert reason(member.code, at=night) == "ok"

    def test_lets_out_for_nothing_and_always(self) -> None:
        member = new_pass(visits=1)
        customer_services.change_customer(
            customer_id=member.customer, changes={"is_active": False}, now=BORN
        )
        for _ in range(2):
            row = scan(member.code, at=NOON, kind=Kind.EXIT).check_in
            assert (row.result, row.reason, row.kind) == ("accepted", "ok", "exit")
            assert (row.subscription_id, row.lot_id) == (None, None)
        assert left(member.subscription) == 1

    def test_refuses_the_inactive_at_once(self) -> None:
        member = new_pass(visits=1)
        customer_services.change_customer(
            customer_id=member.customer, changes={"is_active": False}, now=BORN
        )
        assert reason(member.code, at=NOON) == "customer_inactive"

    def test_checks_in_a_customer_without_a_code(self, club_a: ClubWorld) -> None:
        member = new_pass(visits=3)
        row = scan(customer=member.customer, at=NOON, location=club_a.location).check_in
        assert (row.reason, row.method, row.qr_code_id) == ("ok", Method.MANUAL, None)
        assert row.location_id == club_a.location
        assert left(member.subscription) == 2

    def test_says_so_when_a_customer_has_nothing(self, club_a: ClubWorld) -> None:
        row = scan(customer=club_a.other_customer, at=NOON).check_in
        assert (row.reason, row.subscription_id) == ("no_subscription", None)

    @pytest.mark.parametrize(("field", "named"), [("location", True), ("customer", False)])
    def test_names_what_does_not_exist(self, field: str, named: bool) -> None:
        member = new_pass(visits=1)
        asked = {"code": member.code, "location": uuid4()} if named else {"customer": uuid4()}
        with pytest.raises(InvalidInput) as caught:
            scan(at=NOON, **asked)  # type: ignore[arg-type]
        assert [(e.field, e.code) for e in caught.value.errors] == [(field, "does_not_exist")]
        assert not CheckIn.objects.filter(customer_id=member.customer).exists()

    def test_knows_no_location_or_customer_of_another_club(
        self, club_a: ClubWorld, club_b: ClubWorld
    ) -> None:
        with pytest.raises(InvalidInput, match="location"):
            scan(customer=club_a.customer, at=NOON, location=club_b.location)
        with pytest.raises(InvalidInput, match="customer"):
            scan(customer=club_b.customer, at=NOON)


@pytest.mark.usefixtures("bound_a")
class TestReasonsOfTheCode:
    @pytest.mark.parametrize(
        "text", ["", "membership 4711", "QC1:", "QC1:" + "0" * 134, "Ä" * 138, "x" * 1000]
    )
    def test_unknown_for_what_is_no_code(self, text: str) -> None:
        row = scan(text, at=NOON).check_in
        assert (row.reason, row.customer_id, row.qr_code_id) == ("unknown_code", None, None)

    @pytest.mark.parametrize(
        ("position", "said"),
        [
            (1, "unknown_code"),  # key id
            (5, "unknown_code"),  # code id
            (24, "bad_signature"),  # expiry
            (25, "bad_signature"),  # signature
            (88, "bad_signature"),
        ],
    )
    def test_refuses_a_tampered_code_and_names_nobody(self, position: int, said: str) -> None:
        member = new_pass(visits=1)
        row = scan(changed(member.code, position), at=NOON).check_in
        assert row.reason == said
        assert (row.customer_id, row.qr_code_id, row.subscription_id) == (None, None, None)
        assert left(member.subscription) == 1

    def test_unknown_for_another_clubs_code(self, club_b: ClubWorld) -> None:
        with binding.club(club_b.ref):
            theirs = code_services.draw(
                QRCode.objects.select_related("signing_key").get(pk=club_b.qr_code)
            )
            assert reason(theirs, at=NOON) == "ok"
        row = scan(theirs, at=NOON).check_in
        assert (row.reason, row.customer_id) == ("unknown_code", None)

    def test_expired_from_its_very_second_on(self) -> None:
        member = new_pass(visits=5)
        day_pass = code_services.issue_code(
            customer_id=member.customer, expires_at=NOON, now=BORN, actor=STAFF
        )
        code = code_services.draw(day_pass)
        assert reason(code, at=NOON - timedelta(microseconds=1)) == "ok"
        row = scan(code, at=NOON).check_in
        assert (row.reason, row.customer_id) == ("code_expired", member.customer)

    def test_revoked_at_once(self) -> None:
        member = new_pass(visits=5)
        code_services.change_code(code_id=member.sale.qr_code.id, is_active=False, now=NOON)
        row = scan(member.code, at=NOON).check_in
        assert (row.reason, row.customer_id) == ("code_revoked", member.customer)

    def test_unknown_once_its_key_is_retired(self) -> None:
        member = new_pass(visits=5)
        key_id = tokens.decode(member.code).key_id
        keys.rotate(now=NOON)
        assert reason(member.code, at=NOON) == "ok"
        keys.retire(key_id=key_id, now=NOON)
        row = scan(member.code, at=NOON + AFTER_REENTRY).check_in
        assert (row.reason, row.customer_id, row.qr_code_id) == ("unknown_code", None, None)


@pytest.mark.usefixtures("bound_a")
class TestReasonsOfTheSubscription:
    @pytest.mark.parametrize(
        ("at", "said"),
        [
            (BORN + WEEK - timedelta(microseconds=1), "not_started"),
            (BORN + WEEK, "ok"),
            (BORN + 2 * WEEK - timedelta(microseconds=1), "ok"),
            (BORN + 2 * WEEK, "subscription_expired"),
        ],
    )
    def test_follow_the_calendar_before_any_task_has_run(self, at: datetime, said: str) -> None:
        member = new_pass(visits=1, duration=("week", 1), starts_at=BORN + WEEK)
        assert reason(member.code, at=at) == said

    def test_stay_the_same_once_the_task_has_run(self) -> None:
        member = new_pass(visits=1, duration=("week", 1))
        end = BORN + WEEK
        subscription_services.settle(member.subscription, end)
        row = scan(member.code, at=end).check_in
        assert (row.reason, row.credits_left) == ("subscription_expired", 0)

    def test_name_the_one_that_ended_last(self) -> None:
        member = new_pass(visits=1, duration=("week", 1))
        later = sell(new_package(duration=("week", 2)), member.customer)
        for each in (later.subscription.id, member.subscription):
            subscription_services.settle(each, BORN + 2 * WEEK)
        row = scan(member.code, at=BORN + 2 * WEEK).check_in
        assert (row.reason, row.subscription_id) == ("subscription_expired", later.subscription.id)

    def test_say_frozen_and_outside_hours(self) -> None:
        member = new_pass(visits=1)
        Subscription.objects.filter(pk=member.subscription).update(status="frozen")
        assert reason(member.code, at=NOON) == "subscription_frozen"
        # NOON is 12:00 in Berlin, a Monday.
        early = [{"weekdays": [1], "from": "08:00", "until": "12:00"}]
        bird = new_pass(access_rules=early)
        assert reason(bird.code, at=NOON) == "outside_hours"
        assert reason(bird.code, at=NOON - timedelta(seconds=1)) == "ok"

    def test_know_no_subscription_that_was_not_paid_for(self, club_a: ClubWorld) -> None:
        Subscription.objects.filter(customer_id=club_a.customer).update(status="pending")
        assert reason(customer=club_a.customer, at=NOON) == "no_subscription"
        Subscription.objects.filter(customer_id=club_a.customer).update(status="active")


@pytest.mark.usefixtures("bound_a")
class TestOrderOfCharging:
    def test_puts_a_period_before_credits(self) -> None:
        member = new_pass(visits=5, duration=("day", 1))
        monthly = sell(new_package(), member.customer)
        assert scan(member.code, at=NOON).check_in.subscription_id == monthly.subscription.id
        assert left(member.subscription) == 5

    def test_then_takes_the_earliest_end(self) -> None:
        member = new_pass(visits=5, duration=None)
        year = sell(new_package(visits=5, duration=("year", 1)), member.customer)
        month = sell(new_package(visits=1, duration=("month", 1)), member.customer)
        charged = [
            scan(member.code, at=NOON + n * AFTER_REENTRY).check_in.subscription_id
            for n in range(7)
        ]
        assert charged == [
            month.subscription.id,
            *[year.subscription.id] * 5,
            member.subscription,
        ]

    def test_then_takes_the_oldest(self) -> None:
        member = new_pass(visits=1)
        second = sell(new_package(visits=1), member.customer)
        assert second.subscription.ends_at == member.sale.subscription.ends_at
        charged = [
            scan(member.code, at=NOON + n * AFTER_REENTRY).check_in.subscription_id
            for n in range(2)
        ]
        assert charged == [member.subscription, second.subscription.id]

    def test_draws_the_lot_that_ends_first(self) -> None:
        member = new_pass(visits=1, duration=("year", 1))
        subscription = Subscription.objects.get(pk=member.subscription)
        first = CreditLot.objects.get(subscription=subscription)
        CreditLot.objects.filter(pk=first.pk).update(ends_at=None)
        sooner = CreditLot.objects.create(
            subscription=subscription, granted=1, remaining=1, ends_at=NOON + WEEK, created_at=BORN
        )
        subscription.credits = 2
        subscription.save(update_fields=["credits"])
        ledger.write_line(subscription, sooner.id, EntryKind.GRANT, 1, BORN, STAFF)
        lots = [scan(member.code, at=NOON + n * AFTER_REENTRY).check_in.lot_id for n in range(2)]
        assert lots == [sooner.id, first.id]


@pytest.mark.usefixtures("bound_a")
class TestCapacity:
    """A house, or a location, that holds one."""

    @pytest.fixture(params=["club", "location"])
    def house(self, club_a: ClubWorld, request: pytest.FixtureRequest) -> UUID:
        """Where one may be inside."""
        club_services.change_settings(club_id=club_a.ref.id, changes={"reentry_seconds": 0})
        if request.param == "club":
            club_services.change_settings(club_id=club_a.ref.id, changes={"capacity": 1})
        else:
            location_services.change_location(location_id=club_a.location, changes={"capacity": 1})
        return club_a.location

    def test_lets_no_more_in_than_fit_and_charges_nobody(self, house: UUID) -> None:
        first, second = new_pass(visits=3), new_pass(visits=3)
        assert reason(first.code, at=NOON, location=house) == "ok"
        row = scan(second.code, at=NOON, location=house).check_in
        assert (row.result, row.reason, row.lot_id) == ("refused", "location_full", None)
        assert (row.subscription_id, row.credits_left) == (second.subscription, 3)
        assert lines_of(second.subscription) == [("grant", 3, 3)]

    def test_is_asked_last(self, house: UUID) -> None:
        empty = new_pass(visits=1)
        scan(empty.code, at=BORN, location=house)
        scan(empty.code, at=BORN, location=house, kind=Kind.EXIT)
        scan(new_pass(visits=1).code, at=NOON, location=house)
        inactive = new_pass(visits=1)
        customer_services.change_customer(
            customer_id=inactive.customer, changes={"is_active": False}, now=BORN
        )
        revoked = new_pass(visits=1)
        code_services.change_code(code_id=revoked.sale.qr_code.id, is_active=False, now=BORN)
        later = new_pass(visits=1, starts_at=NOON + WEEK)
        said = [
            reason(who.code, at=NOON, location=house) for who in (empty, inactive, revoked, later)
        ]
        assert said == ["no_credits", "customer_inactive", "code_revoked", "not_started"]
        assert reason(new_pass(visits=1).code, at=NOON, location=house) == "location_full"

    def test_is_not_asked_of_who_goes(self, house: UUID) -> None:
        first, second = new_pass(visits=3), new_pass(visits=3)
        scan(first.code, at=NOON, location=house)
        assert reason(second.code, at=NOON, location=house, kind=Kind.EXIT) == "ok"
        assert reason(first.code, at=NOON, location=house, kind=Kind.EXIT) == "ok"
        assert reason(second.code, at=NOON, location=house) == "ok"

    def test_takes_no_second_place_for_who_is_inside(self, house: UUID) -> None:
        member = new_pass(visits=3)
        said = [reason(member.code, at=NOON, location=house) for _ in range(2)]
        assert said == ["ok", "ok"]
        assert left(member.subscription) == 1

    def test_counts_a_place_free_that_was_annulled_or_is_of_yesterday(self, house: UUID) -> None:
        first, second = new_pass(visits=3), new_pass(visits=3)
        row = scan(first.code, at=NOON, location=house).check_in
        annul(row.id, at=NOON)
        assert reason(second.code, at=NOON, location=house) == "ok"
        tomorrow = NOON + timedelta(days=1)
        assert reason(first.code, at=tomorrow, location=house) == "ok"

    def test_counts_a_member_and_the_owner_as_two(self, house: UUID) -> None:
        family = new_pass(visits=3, max_members=1)
        child = new_customer("Child").id
        subscription_services.add_member(
            subscription_id=family.subscription, customer_id=child, now=BORN, actor=STAFF
        )
        assert reason(family.code, at=NOON, location=house) == "ok"
        assert reason(customer=child, at=NOON, location=house) == "location_full"
        assert left(family.subscription) == 2


@pytest.mark.usefixtures("bound_a")
class TestCapacityOfALocation:
    def test_is_taken_by_who_comes_from_elsewhere(self, club_a: ClubWorld) -> None:
        club_services.change_settings(club_id=club_a.ref.id, changes={"reentry_seconds": 0})
        pool = location_services.create_location(name="Pool", now=BORN, capacity=1)
        swimmer, guest = new_pass(), new_pass()
        assert reason(swimmer.code, at=NOON, location=pool.id) == "ok"
        assert reason(guest.code, at=NOON, location=club_a.location) == "ok"
        assert reason(guest.code, at=NOON, location=pool.id) == "location_full"
        assert reason(swimmer.code, at=NOON, location=club_a.location) == "ok"
        assert reason(guest.code, at=NOON, location=pool.id) == "ok"

    def test_is_not_asked_where_nobody_says_where(self, club_a: ClubWorld) -> None:
        location_services.change_location(location_id=club_a.location, changes={"capacity": 0})
        assert reason(new_pass().code, at=NOON) == "ok"


@pytest.mark.usefixtures("bound_a")
class TestRepeatedScan:
    def test_gets_the_first_answer_and_is_not_charged(self) -> None:
        member = new_pass(visits=3)
        scan_id = new_id()
        first = scan(member.code, at=NOON, scan_id=scan_id)
        scan(member.code, at=NOON + AFTER_REENTRY)
        again = scan(member.code, at=NOON + WEEK, scan_id=scan_id)
        assert not again.is_new
        assert again.check_in.pk == first.check_in.pk
        assert again.check_in.judged == first.check_in.judged
        assert again.check_in.credits_left == 2
        assert left(member.subscription) == 1

    def test_gets_the_first_refusal_even_if_it_would_be_accepted_now(self) -> None:
        customer = new_customer()
        scan_id = new_id()
        asked = {"customer": customer.id, "scan_id": scan_id}
        assert reason(at=NOON, **asked) == "no_subscription"
        sell(new_package(), customer)
        assert reason(at=NOON, **asked) == "no_subscription"
        assert reason(at=NOON, customer=customer.id) == "ok"

    @pytest.mark.parametrize(
        "other", ["another code", "another customer", "exit", "location", "no code"]
    )
    def test_is_refused_for_another_scan(self, club_a: ClubWorld, other: str) -> None:
        member = new_pass(visits=3)
        scan_id = new_id()
        scan(member.code, at=NOON, scan_id=scan_id)
        asked: dict[str, object] = {
            "another code": {"code": new_pass(visits=1).code},
            "another customer": {"customer": club_a.customer},
            "exit": {"code": member.code, "kind": Kind.EXIT},
            "location": {"code": member.code, "location": club_a.location},
            "no code": {"customer": member.customer},
        }[other]  # type: ignore[assignment]
        with pytest.raises(ScanIdReused):
            scan(at=NOON, scan_id=scan_id, **asked)  # type: ignore[arg-type]
        assert CheckIn.objects.filter(scan_id=scan_id).count() == 1
        assert left(member.subscription) == 2

    def test_would_be_charged_again_without_the_look_back(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        # Negative control: the earlier row is what stops it, and the database after that.
        member = new_pass(visits=3)
        scan_id = new_id()
        scan(member.code, at=NOON, scan_id=scan_id)
        nothing = CheckIn.objects.filter(pk=new_id()).values_list("id", flat=True)
        statements.replace(monkeypatch, services.selectors, "by_scan_id", lambda _: nothing)
        with pytest.raises(IntegrityError, match="scan_id"):
            scan(member.code, at=NOON + AFTER_REENTRY, scan_id=scan_id)
        assert left(member.subscription) == 2


@pytest.mark.usefixtures("bound_a")
class TestTheDatabase:
    """What the database refuses when Python has it wrong."""

    def test_refuses_a_charge_of_a_lot_that_is_empty(self, monkeypatch: pytest.MonkeyPatch) -> None:
        member = new_pass(visits=1)
        charged = scan(member.code, at=NOON).check_in

        def careless(**_: object) -> decision.Decision:
            return decision.Decision(Reason.OK, member.subscription, charged.lot_id)

        monkeypatch.setattr(decision, "decide", careless)
        with pytest.raises(IntegrityError, match="no_overdraw"):
            scan(member.code, at=NOON)
        assert left(member.subscription) == 0
        assert CheckIn.objects.filter(customer_id=member.customer).count() == 1

    @pytest.mark.parametrize("table", ["checkins_checkin", "checkins_annulment"])
    @pytest.mark.parametrize(
        "change", ["UPDATE {} SET actor_label = 'x'", "DELETE FROM {}", "TRUNCATE {} CASCADE"]
    )
    def test_keeps_the_log_as_it_was_written(self, table: str, change: str) -> None:
        member = new_pass(visits=1)
        annul(scan(member.code, at=NOON).check_in.id, at=NOON)
        with (
            pytest.raises(IntegrityError, match="append-only"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(f"{CHECK_NOW}; {change.format(table)}")

    def test_would_let_the_log_be_changed_without_its_trigger(self) -> None:
        # Negative control.
        member = new_pass(visits=1)
        row = scan(member.code, at=NOON).check_in
        with connection.cursor() as cursor:
            cursor.execute(CHECK_NOW)
            cursor.execute("ALTER TABLE checkins_checkin DISABLE TRIGGER append_only")
        assert CheckIn.objects.filter(pk=row.pk).update(actor_label="x") == 1


@pytest.mark.usefixtures("bound_a")
class TestAnnulCheckIn:
    def test_gives_the_credit_back_to_its_lot(self) -> None:
        member = new_pass(visits=2)
        row = scan(member.code, at=NOON).check_in
        annulment = annul(row.id, at=NOON, why="wrong person")
        assert annulment.credit_returned
        assert (annulment.reason, annulment.annulled_at) == ("wrong person", NOON)
        assert annulment.actor == STAFF
        assert left(member.subscription) == 2
        assert lines_of(member.subscription) == [
            ("grant", 2, 2),
            ("check_in", -1, 1),
            ("annulment", 1, 2),
        ]

    def test_reopens_the_reentry_window(self) -> None:
        member = new_pass(visits=2)
        row = scan(member.code, at=NOON).check_in
        assert reason(member.code, at=NOON) == "already_inside"
        annul(row.id, at=NOON)
        assert reason(member.code, at=NOON) == "ok"

    def test_leaves_the_window_of_the_entry_before(self) -> None:
        member = new_pass(visits=5)
        scan(member.code, at=NOON)
        second = scan(member.code, at=NOON + AFTER_REENTRY).check_in
        annul(second.id, at=NOON + AFTER_REENTRY)
        assert reason(member.code, at=NOON + AFTER_REENTRY) == "ok"
        assert reason(member.code, at=NOON + AFTER_REENTRY) == "already_inside"

    def test_of_an_exit_shuts_the_customer_in_again(self, club_a: ClubWorld) -> None:
        club_services.change_settings(club_id=club_a.ref.id, changes={"enforce_presence": True})
        member = new_pass(visits=5)
        scan(member.code, at=NOON)
        out = scan(member.code, at=NOON, kind=Kind.EXIT).check_in
        assert not annul(out.id, at=NOON).credit_returned
        assert reason(member.code, at=NOON + timedelta(hours=8)) == "already_inside"

    def test_returns_nothing_for_a_free_visit(self) -> None:
        member = new_pass()
        row = scan(member.code, at=NOON).check_in
        assert not annul(row.id, at=NOON).credit_returned
        assert reason(member.code, at=NOON) == "ok"

    def test_is_refused_the_second_time(self) -> None:
        member = new_pass(visits=2)
        row = scan(member.code, at=NOON).check_in
        annul(row.id, at=NOON)
        with pytest.raises(AlreadyAnnulled):
            annul(row.id, at=NOON)
        assert left(member.subscription) == 2
        assert Annulment.objects.filter(check_in=row).count() == 1

    def test_is_refused_for_a_refusal(self) -> None:
        for row in (scan("junk", at=NOON).check_in, scan(customer=new_customer().id, at=NOON)):
            refused = row if isinstance(row, CheckIn) else row.check_in
            with pytest.raises(NotAnnullable):
                annul(refused.id, at=NOON)

    def test_knows_no_check_in_of_another_club(self, club_b: ClubWorld) -> None:
        with binding.club(club_b.ref):
            theirs = scan(customer=club_b.customer, at=NOON).check_in
        with pytest.raises(NotFound):
            annul(theirs.id, at=NOON)

    def test_expires_the_credit_at_once_when_the_subscription_is_over(self) -> None:
        member = new_pass(visits=2, duration=("week", 1))
        row = scan(member.code, at=NOON).check_in
        subscription_services.settle(member.subscription, BORN + WEEK)
        annul(row.id, at=BORN + 2 * WEEK)
        assert lines_of(member.subscription) == [
            ("grant", 2, 2),
            ("check_in", -1, 1),
            ("expiry", -1, 0),
            ("annulment", 1, 1),
            ("expiry", -1, 0),
        ]
        after = Subscription.objects.get(pk=member.subscription)
        assert (after.credits, after.used_credits, after.status) == (0, 0, "expired")

    def test_keeps_the_credit_until_the_expiry_task_has_run(self) -> None:
        member = new_pass(visits=1, duration=("week", 1))
        row = scan(member.code, at=NOON).check_in
        annul(row.id, at=BORN + WEEK)
        assert left(member.subscription) == 1
        subscription_services.settle(member.subscription, BORN + WEEK)
        assert left(member.subscription) == 0

    def test_of_a_repeated_scan_still_gets_the_first_answer(self) -> None:
        member = new_pass(visits=2)
        scan_id = new_id()
        first = scan(member.code, at=NOON, scan_id=scan_id).check_in
        annul(first.id, at=NOON)
        again = scan(member.code, at=NOON, scan_id=scan_id)
        assert (again.is_new, again.check_in.reason) == (False, "ok")
        assert left(member.subscription) == 2
