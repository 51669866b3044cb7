"""The ledger: every movement of credits, and the balance after it."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import IntegrityError, connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from platform_shared.clubs import services as club_services
from platform_shared.kit.principal import SYSTEM
from tenant_apps.checkins.enums import Kind
from tenant_apps.subscriptions import services
from tenant_apps.subscriptions.enums import EntryKind
from tenant_apps.subscriptions.models import CreditEntry, CreditLot
from tenant_apps.subscriptions.services import ledger
from tests.support.world import BORN, ClubWorld
from tests.tenant_apps.checkins.door import annul, reason, scan
from tests.tenant_apps.sales.desk import STAFF, new_customer
from tests.tenant_apps.subscriptions.holding import (
    DAY,
    WEEK,
    by,
    charge,
    due_at,
    give_back,
    grant,
    lots_of,
    stored,
)
from tests.tenant_apps.subscriptions.ledger import assert_balanced, lines_of

CHECK_NOW = "SET CONSTRAINTS ALL IMMEDIATE"


@pytest.mark.usefixtures("bound_a")
class TestChargeAndGiveBack:
    def test_move_used_credits_alone(self) -> None:
        subscription_id = grant(visits=2)
        visit = charge(subscription_id)
        row = stored(subscription_id)
        assert (row.credits, row.used_credits, row.credits_left) == (2, 1, 1)
        give_back(subscription_id, visit)
        row = stored(subscription_id)
        assert (row.credits, row.used_credits, row.credits_left) == (2, 0, 2)
        assert lines_of(subscription_id) == [
            ("grant", 2, 2),
            ("check_in", -1, 1),
            ("annulment", 1, 2),
        ]

    def test_are_refused_twice_for_one_check_in(self) -> None:
        subscription_id = grant(visits=3)
        visit = charge(subscription_id)
        with pytest.raises(IntegrityError, match="once_per_check_in"), transaction.atomic():
            charge(subscription_id, check_in=visit)
        give_back(subscription_id, visit)
        with pytest.raises(IntegrityError, match="once_per_check_in"), transaction.atomic():
            charge(subscription_id, check_in=visit)
        assert stored(subscription_id).credits_left == 3

    def test_are_refused_beyond_what_there_is(self) -> None:
        subscription_id = grant(visits=1)
        charge(subscription_id)
        with pytest.raises(IntegrityError, match="no_overdraw"), transaction.atomic():
            charge(subscription_id)
        assert stored(subscription_id).credits_left == 0

    def test_expire_at_once_what_comes_back_too_late(self) -> None:
        subscription_id = grant(visits=2, duration=("week", 1))
        visit = charge(subscription_id)
        services.settle(subscription_id, BORN + WEEK)
        give_back(subscription_id, visit, now=BORN + 2 * WEEK)
        assert lines_of(subscription_id)[-2:] == [("annulment", 1, 1), ("expiry", -1, 0)]
        last = CreditEntry.objects.filter(subscription_id=subscription_id).latest("id")
        assert (last.actor, last.occurred_at) == (SYSTEM, BORN + 2 * WEEK)

    @settings(
        max_examples=25,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )
    @given(st.integers(1, 6), st.lists(st.integers(0, 9), max_size=15), st.booleans())
    def test_keep_the_books_balanced_whatever_happens(
        self, visits: int, moves: list[int], ends: bool
    ) -> None:
        subscription_id = grant(visits=visits, duration=("week", 1))
        charged: list[UUID] = []
        for move in moves:
            left = stored(subscription_id).credits_left
            if move < 6 and left:
                charged.append(charge(subscription_id))
            elif charged:
                give_back(subscription_id, charged.pop(move % len(charged)))
            assert_balanced(subscription_id)
        if ends:
            services.settle(subscription_id, BORN + WEEK)
            assert stored(subscription_id).credits_left == 0
            for visit in charged:
                give_back(subscription_id, visit, now=BORN + WEEK)
                assert_balanced(subscription_id)


@pytest.mark.usefixtures("bound_a")
class TestTheDatabase:
    """Integrity is the database's first; Python comes second."""

    @pytest.mark.parametrize(
        ("table", "change", "constraint"),
        [
            ("subscription", "used_credits = credits + 1", "no_overdraw"),
            ("subscription", "used_credits = -1", "no_overdraw"),
            ("subscription", "credits = -1", "no_overdraw"),
            ("subscription", "credits = NULL", "no_overdraw"),
            ("subscription", "package_credits = NULL", "subscription_type"),
            ("subscription", "package_credits = 0", "subscription_type"),
            ("subscription", "duration_unit = NULL", "duration"),
            ("subscription", "duration_count = NULL", "duration"),
            ("subscription", "ends_at = starts_at", "ends_after_start"),
            ("subscription", "status = 'paused'", "status"),
            ("subscription", "type = 'period'", "type|no_overdraw"),
            ("subscription", "used_credits = NULL", "no_overdraw"),
            ("creditlot", "remaining = -1", "no_overdraw"),
            ("creditlot", "remaining = granted + 1", "no_overdraw"),
        ],
    )
    def test_refuses_impossible_figures(self, table: str, change: str, constraint: str) -> None:
        subscription_id = grant(visits=3)
        key = "id" if table == "subscription" else "subscription_id"
        with (
            pytest.raises(IntegrityError, match=constraint),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(
                f"UPDATE subscriptions_{table} SET {change} WHERE {key} = %s", [subscription_id]
            )

    @pytest.mark.parametrize(
        ("kind", "amount", "for_a_check_in", "balance"),
        [
            ("grant", 0, False, 3),
            ("grant", -1, False, 2),
            ("grant", 1, True, 4),
            ("check_in", -2, True, 1),
            ("check_in", -1, False, 2),
            ("check_in", 1, True, 4),
            ("annulment", 2, True, 5),
            ("annulment", 1, False, 4),
            ("expiry", 1, False, 4),
            ("expiry", -1, True, 2),
            ("adjustment", 0, False, 3),
            ("gift", 1, False, 4),
            ("check_in", -1, True, -1),
        ],
    )
    def test_refuses_a_line_that_makes_no_sense(
        self, kind: str, amount: int, for_a_check_in: bool, balance: int
    ) -> None:
        subscription_id = grant(visits=3)
        lot = CreditLot.objects.get(subscription_id=subscription_id)
        with pytest.raises(IntegrityError), transaction.atomic():
            CreditEntry.objects.create(
                subscription_id=subscription_id,
                lot=lot,
                kind=kind,
                amount=amount,
                balance_after=balance,
                check_in_id=uuid4() if for_a_check_in else None,
                occurred_at=BORN,
                actor_kind="system",
                actor_label="system",
            )

    @pytest.mark.parametrize(
        "change",
        [
            "UPDATE subscriptions_creditentry SET amount = amount",
            "DELETE FROM subscriptions_creditentry",
            "TRUNCATE subscriptions_creditentry",
        ],
    )
    def test_keeps_every_line_as_it_was_written(self, change: str) -> None:
        subscription_id = grant(visits=3)
        with (
            pytest.raises(IntegrityError, match="append-only"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(f"{CHECK_NOW}; {change}")
        assert lines_of(subscription_id) == [("grant", 3, 3)]

    def test_would_let_lines_be_changed_without_its_trigger(self) -> None:
        # Negative control.
        subscription_id = grant(visits=3)
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"{CHECK_NOW}; DROP TRIGGER append_only ON subscriptions_creditentry")
            cursor.execute("UPDATE subscriptions_creditentry SET balance_after = 2")
            assert lines_of(subscription_id) == [("grant", 3, 2)]
            transaction.set_rollback(True)
        assert lines_of(subscription_id) == [("grant", 3, 3)]

    def test_would_let_an_overdraw_through_without_its_checks(self) -> None:
        # Negative control: the services themselves would go on.
        subscription_id = grant(visits=1)
        charge(subscription_id)
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                f"{CHECK_NOW};"
                "ALTER TABLE subscriptions_subscription"
                " DROP CONSTRAINT subscriptions_subscription_no_overdraw;"
                "ALTER TABLE subscriptions_creditlot DROP CONSTRAINT subscriptions_lot_no_overdraw;"
                "ALTER TABLE subscriptions_creditentry"
                " DROP CONSTRAINT subscriptions_entry_no_overdraw"
            )
            charge(subscription_id)
            assert stored(subscription_id).credits_left == -1
            transaction.set_rollback(True)


@pytest.mark.usefixtures("bound_a")
class TestLedgerCheck:
    """Negative controls of the check that every other test of credits relies on."""

    @pytest.mark.parametrize(
        ("spoil", "complaint"),
        [
            ("UPDATE subscriptions_subscription SET credits = credits + 1", "lines"),
            ("UPDATE subscriptions_subscription SET used_credits = used_credits + 1", "lines"),
            ("UPDATE subscriptions_creditlot SET remaining = remaining - 1", "lots"),
            (
                "UPDATE subscriptions_subscription"
                " SET credits = credits + 1, used_credits = used_credits + 1",
                "credits",
            ),
        ],
    )
    def test_notices(self, spoil: str, complaint: str) -> None:
        subscription_id = grant(visits=3)
        charge(subscription_id)
        assert_balanced(subscription_id)
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(spoil)
            with pytest.raises(AssertionError, match=complaint):
                assert_balanced(subscription_id)
            transaction.set_rollback(True)

    def test_notices_a_line_too_many(self) -> None:
        subscription_id = grant(visits=3)
        lot = CreditLot.objects.get(subscription_id=subscription_id)
        with transaction.atomic():
            ledger.write_line(stored(subscription_id), lot.id, EntryKind.ADJUSTMENT, 1, BORN, STAFF)
            with pytest.raises(AssertionError, match="lines"):
                assert_balanced(subscription_id)
            transaction.set_rollback(True)


@pytest.mark.usefixtures("bound_a")
class TestFirstVisit:
    """Where the duration is counted from it."""

    @staticmethod
    def bought(visits: int | None = 3, **package: Any) -> tuple[UUID, UUID]:
        """Return (subscription, customer) of five days from the first visit on."""
        held = grant(visits=visits, duration=("day", 5), valid_from="first_visit", **package)
        return held, stored(held).customer_id

    def test_begins_it_and_ends_its_lots(self) -> None:
        held, customer = self.bought()
        services.adjust_credits(subscription_id=held, amount=1, reason="sorry", **by())
        visit = scan(customer=customer, at=BORN + DAY).check_in
        end = BORN + 6 * DAY
        assert (visit.reason, visit.subscription_ends_at, visit.credits_left) == ("ok", end, 3)
        assert (stored(held).begun_at, stored(held).ends_at) == (BORN + DAY, end)
        assert lots_of(held) == [(2, end), (1, end)]
        assert due_at(held) == BORN + DAY
        services.settle(held, BORN + DAY)
        assert due_at(held) == end

    def test_begins_a_period_too(self) -> None:
        held, customer = self.bought(None)
        visit = scan(customer=customer, at=BORN + DAY).check_in
        assert visit.subscription_ends_at == stored(held).ends_at == BORN + 6 * DAY

    def test_is_the_first_alone(self) -> None:
        held, customer = self.bought()
        for day in (0, 2):
            scan(customer=customer, at=BORN + day * DAY)
        assert stored(held).ends_at == BORN + 5 * DAY
        assert lots_of(held) == [(1, BORN + 5 * DAY)]

    def test_is_none_that_was_refused(self) -> None:
        held, customer = self.bought(
            access_rules=[{"weekdays": [7], "from": "00:00", "until": None}]
        )
        assert reason(customer=customer, at=BORN) == "outside_hours"
        assert (stored(held).begun_at, stored(held).ends_at) == (None, None)

    def test_is_none_that_was_refused_for_want_of_room(self, club_a: ClubWorld) -> None:
        held, customer = self.bought()
        club_services.change_settings(club_id=club_a.ref.id, changes={"capacity": 0})
        assert reason(customer=customer, at=BORN) == "location_full"
        assert (stored(held).begun_at, stored(held).credits_left) == (None, 3)

    def test_is_no_exit(self) -> None:
        held, customer = self.bought()
        assert reason(customer=customer, at=BORN, kind=Kind.EXIT) == "ok"
        assert stored(held).begun_at is None

    def test_is_none_on_another_subscription(self) -> None:
        held, customer = self.bought()
        grant(customer=customer, duration=("day", 2))
        assert reason(customer=customer, at=BORN) == "ok"
        assert stored(held).begun_at is None

    def test_begins_nothing_when_it_is_annulled_and_was_the_only_one(self) -> None:
        held, customer = self.bought()
        visit = scan(customer=customer, at=BORN).check_in
        annul(visit.id, at=BORN + DAY)
        assert (stored(held).begun_at, stored(held).ends_at) == (None, None)
        assert lots_of(held) == [(3, None)]
        assert reason(customer=customer, at=BORN + 30 * DAY) == "ok"
        assert stored(held).ends_at == BORN + 35 * DAY

    def test_stays_the_first_when_there_was_another(self) -> None:
        held, customer = self.bought()
        first, second = (scan(customer=customer, at=BORN + day * DAY).check_in for day in (0, 1))
        annul(first.id, at=BORN + 2 * DAY)
        assert stored(held).ends_at == BORN + 5 * DAY
        annul(second.id, at=BORN + 2 * DAY)  # and now there is none
        assert (stored(held).begun_at, stored(held).ends_at) == (None, None)
        assert (stored(held).credits_left, lots_of(held)) == (3, [(3, None)])

    def test_stays_when_a_later_one_is_annulled(self) -> None:
        held, customer = self.bought()
        _, second = (scan(customer=customer, at=BORN + day * DAY).check_in for day in (0, 1))
        annul(second.id, at=BORN + DAY)
        assert (stored(held).begun_at, stored(held).ends_at) == (BORN, BORN + 5 * DAY)

    def test_stays_when_the_end_has_been_moved_since(self) -> None:
        # Nobody loses a term that was given on top of the first.
        for move in (
            lambda held: services.renew_subscription(subscription_id=held, **by()),
            lambda held: services.extend_subscription(
                subscription_id=held, unit="day", count=5, reason="", **by()
            ),
        ):
            held, customer = self.bought()
            visit = scan(customer=customer, at=BORN).check_in
            move(held)
            before = lots_of(held)
            annul(visit.id, at=BORN)
            assert (stored(held).begun_at, stored(held).ends_at) == (BORN, BORN + 10 * DAY)
            assert [end for _, end in lots_of(held)] == [end for _, end in before]

    def test_stays_when_it_is_over(self) -> None:
        held, customer = self.bought()
        visit = scan(customer=customer, at=BORN).check_in
        services.settle(held, BORN + 5 * DAY)
        annul(visit.id, at=BORN + 6 * DAY)
        row = stored(held)
        assert (row.status, row.begun_at, row.credits_left) == ("expired", BORN, 0)
        assert lines_of(held)[-2:] == [("annulment", 1, 1), ("expiry", -1, 0)]

    def test_of_a_member_begins_it_for_all(self) -> None:
        held, owner = self.bought(max_members=1)
        child = new_customer("Child").id
        services.add_member(subscription_id=held, customer_id=child, **by())
        assert reason(customer=child, at=BORN) == "ok"
        assert stored(held).ends_at == BORN + 5 * DAY
        assert reason(customer=owner, at=BORN + 5 * DAY) == "subscription_expired"
