"""Subscriptions and the ledger: every movement of credits, and the balance after it."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from platform_shared.due_work.models import DueWork
from platform_shared.kit.errors import InvalidInput, NotFound
from platform_shared.kit.ids import new_id
from platform_shared.kit.principal import SYSTEM
from platform_shared.tenancy import binding
from platform_shared.tenancy.club_ref import ClubRef
from tenant_apps.packages import services as package_services
from tenant_apps.packages.errors import PackageInactive
from tenant_apps.packages.terms import TERMS_FIELDS
from tenant_apps.payments.enums import PaymentMethod
from tenant_apps.subscriptions import services
from tenant_apps.subscriptions.enums import EntryKind, SubscriptionStatus
from tenant_apps.subscriptions.errors import ChangeNotAllowed
from tenant_apps.subscriptions.models import CreditEntry, CreditLot, Subscription
from tenant_apps.subscriptions.services import changes, ledger
from tests.support.world import BORN, ClubWorld
from tests.tenant_apps.sales.desk import STAFF, new_customer, new_package, new_pass, sell
from tests.tenant_apps.subscriptions.ledger import assert_balanced, lines_of

WEEK = timedelta(weeks=1)
CHECK_NOW = "SET CONSTRAINTS ALL IMMEDIATE"


def grant(package: object = None, *, starts_at: datetime | None = None, **terms: object) -> UUID:
    """Give a new customer a subscription; return its id."""
    bought = package or new_package(**terms)  # type: ignore[arg-type]
    made = services.grant_subscription(
        customer_id=new_customer().id,
        package_id=bought.id,  # type: ignore[attr-defined]
        starts_at=starts_at,
        now=BORN,
        actor=STAFF,
    )
    return made.id


def stored(subscription_id: UUID) -> Subscription:
    """Return the row as it is now."""
    return Subscription.objects.get(pk=subscription_id)


def charge(subscription_id: UUID, *, check_in: UUID | None = None) -> UUID:
    """Take one credit of the first lot; return the check-in's id."""
    check_in = check_in or new_id()
    lot = CreditLot.objects.filter(subscription_id=subscription_id).order_by("id")[0]
    services.charge_visit(
        subscription=stored(subscription_id),
        lot_id=lot.id,
        check_in_id=check_in,
        now=BORN,
        actor=STAFF,
    )
    return check_in


def give_back(subscription_id: UUID, check_in: UUID, *, now: datetime = BORN) -> None:
    """Return the credit of a check-in."""
    line = CreditEntry.objects.get(check_in_id=check_in, kind=EntryKind.CHECK_IN)
    services.take_back_visit(
        subscription=stored(subscription_id),
        lot_id=line.lot_id,
        check_in_id=check_in,
        scanned_at=BORN,
        was_only_visit=True,
        now=now,
        actor=STAFF,
    )


def due_at(subscription_id: UUID) -> datetime | None:
    """Return when something becomes of it next, by the list of due work."""
    entry = DueWork.objects.filter(kind=services.SETTLE, subject_id=subscription_id).first()
    return entry and entry.due_at


@pytest.mark.usefixtures("bound_a")
class TestOpenSubscription:
    def test_copies_the_terms(self) -> None:
        package = new_package(
            visits=5,
            price=1234,
            tax_rate_basis_points=700,
            features=["sauna"],
            renewal="automatic",
            access_rules=[{"weekdays": [1], "from": "08:00", "until": None}],
        )
        row = stored(grant(package))
        for name in TERMS_FIELDS:
            assert getattr(row, name) == getattr(package, name)
        assert row.package_name == package.name

    def test_keeps_them_when_the_package_changes(self, club_a: ClubWorld) -> None:
        package = new_package(visits=5, price=1234, features=["sauna"])
        subscription_id = grant(package)
        before = Subscription.objects.filter(pk=subscription_id).values().get()
        package_services.change_package(
            package_id=package.id,
            changes={
                "name": "Something else",
                "credits": 1,
                "price": package.price + package.price,
                "tax_rate_basis_points": 1900,
                "duration": {"unit": "day", "count": 1},
                "features": [],
                "renewal": "automatic",
                "access_rules": [{"weekdays": [7], "from": "08:00"}],
                "is_active": False,
            },
            now=BORN,
        )
        assert Subscription.objects.filter(pk=subscription_id).values().get() == before

    def test_refuses_what_is_not_for_sale(self) -> None:
        package = new_package(is_active=False)
        with pytest.raises(PackageInactive):
            grant(package)

    def test_refuses_what_would_be_over_already(self) -> None:
        with pytest.raises(InvalidInput) as caught:
            grant(duration=("week", 1), starts_at=BORN - WEEK)
        assert [(e.field, e.code) for e in caught.value.errors] == [("starts_at", "already_over")]
        begun = grant(duration=("week", 1), starts_at=BORN - WEEK + timedelta(seconds=1))
        assert stored(begun).ends_at == BORN + timedelta(seconds=1)

    def test_names_what_does_not_exist(self, club_b: ClubWorld) -> None:
        for customer, package, field in (
            (new_customer().id, club_b.period_package, "package"),
            (club_b.customer, new_package().id, "customer"),
        ):
            with pytest.raises(InvalidInput) as caught:
                services.grant_subscription(
                    customer_id=customer,
                    package_id=package,
                    starts_at=None,
                    now=BORN,
                    actor=STAFF,
                )
            assert caught.value.errors[0].field == field


@pytest.mark.usefixtures("bound_a")
class TestEnd:
    @pytest.mark.parametrize(
        ("zone", "start", "duration", "end"),
        [
            # The last day of a shorter month.
            ("Europe/Berlin", "2027-01-31 10:00", ("month", 1), "2027-02-28 10:00"),
            ("Europe/Berlin", "2028-01-31 10:00", ("month", 1), "2028-02-29 10:00"),
            ("Europe/Berlin", "2027-03-31 10:00", ("month", 1), "2027-04-30 10:00"),
            ("Europe/Berlin", "2026-12-31 10:00", ("month", 2), "2027-02-28 10:00"),
            # A leap day has no birthday in the next year.
            ("Europe/Berlin", "2028-02-29 10:00", ("year", 1), "2029-02-28 10:00"),
            ("Europe/Berlin", "2028-02-29 10:00", ("year", 4), "2032-02-29 10:00"),
            # Daylight saving keeps the clock on the wall, so a day has 23 or 25 hours.
            ("Europe/Berlin", "2027-03-27 12:00", ("day", 1), "2027-03-28 12:00"),
            ("Europe/Berlin", "2027-10-30 12:00", ("day", 1), "2027-10-31 12:00"),
            ("Europe/Berlin", "2027-03-01 00:00", ("month", 1), "2027-04-01 00:00"),
            ("America/New_York", "2027-03-10 18:30", ("week", 1), "2027-03-17 18:30"),
            # No daylight saving, a half-hour offset, the far side of the date line.
            ("Asia/Kolkata", "2027-01-31 23:45", ("month", 1), "2027-02-28 23:45"),
            ("Pacific/Auckland", "2027-08-31 08:00", ("month", 1), "2027-09-30 08:00"),
            ("Pacific/Kiritimati", "2027-12-31 00:00", ("week", 2), "2028-01-14 00:00"),
        ],
    )
    def test_follows_the_calendar_of_the_club(
        self, club_a: ClubWorld, zone: str, start: str, duration: tuple[str, int], end: str
    ) -> None:
        there = ZoneInfo(zone)
        package = new_package(duration=duration)
        ref = ClubRef.from_json({**club_a.ref.to_json(), "time_zone": zone})
        with binding.club(ref):
            local = datetime.fromisoformat(start).replace(tzinfo=there)
            row = stored(grant(package, starts_at=local))
        assert row.starts_at == local.astimezone(UTC)
        assert row.ends_at is not None
        assert row.ends_at.astimezone(there).strftime("%Y-%m-%d %H:%M") == end

    def test_is_an_hour_off_in_utc_across_daylight_saving(self) -> None:
        berlin = ZoneInfo("Europe/Berlin")
        spring = datetime(2027, 3, 27, 12, tzinfo=berlin)
        autumn = datetime(2027, 10, 30, 12, tzinfo=berlin)
        hours = []
        for start in (spring, autumn):
            row = stored(grant(duration=("day", 1), starts_at=start))
            assert row.ends_at is not None
            hours.append((row.ends_at - row.starts_at) / timedelta(hours=1))
        assert hours == [23, 25]

    def test_is_never_without_a_duration(self) -> None:
        subscription_id = grant(visits=3, duration=None)
        assert stored(subscription_id).ends_at is None
        assert due_at(subscription_id) is None


@pytest.mark.usefixtures("bound_a")
class TestActivate:
    def test_grants_the_credits_in_one_lot_that_ends_with_it(self) -> None:
        row = stored(grant(visits=7))
        lot = CreditLot.objects.get(subscription=row)
        assert (row.status, row.credits, row.used_credits) == ("active", 7, 0)
        assert (lot.granted, lot.remaining, lot.ends_at) == (7, 7, row.ends_at)
        assert lines_of(row.id) == [("grant", 7, 7)]
        assert CreditEntry.objects.get(subscription=row).actor == STAFF
        assert row.ends_at is not None
        assert due_at(row.id) == row.ends_at - WEEK  # the reminder comes first

    def test_writes_no_line_for_a_period(self) -> None:
        row = stored(grant())
        assert (row.status, row.credits, row.credits_left) == ("active", None, None)
        assert lines_of(row.id) == []
        assert row.ends_at is not None
        assert due_at(row.id) == row.ends_at - WEEK

    def test_waits_for_the_payment(self) -> None:
        pending = sell(
            new_package(visits=3), new_customer(), method=PaymentMethod.TRANSFER
        ).subscription
        assert (pending.status, pending.credits) == ("pending", 0)
        assert lines_of(pending.id) == []
        assert due_at(pending.id) is None

    def test_starts_when_it_is_paid(self) -> None:
        pending = sell(
            new_package(visits=3, duration=("week", 1)),
            new_customer(),
            method=PaymentMethod.TRANSFER,
        ).subscription
        paid = BORN + timedelta(days=3)
        services.activate_subscription(subscription_id=pending.id, now=paid, actor=STAFF)
        row = stored(pending.id)
        assert (row.status, row.starts_at, row.ends_at) == ("active", paid, paid + WEEK)
        assert lines_of(row.id) == [("grant", 3, 3)]
        assert CreditLot.objects.get(subscription=row).ends_at == row.ends_at

    def test_keeps_a_start_that_is_still_to_come(self) -> None:
        pending = sell(
            new_package(duration=("week", 1)),
            new_customer(),
            method=PaymentMethod.TRANSFER,
            starts_at=BORN + WEEK,
        ).subscription
        services.activate_subscription(subscription_id=pending.id, now=BORN, actor=STAFF)
        row = stored(pending.id)
        assert (row.starts_at, row.ends_at) == (BORN + WEEK, BORN + 2 * WEEK)

    @pytest.mark.parametrize("status", ["active", "frozen", "expired", "cancelled"])
    def test_happens_once(self, status: str) -> None:
        subscription_id = grant(visits=3)
        Subscription.objects.filter(pk=subscription_id).update(status=status)
        with pytest.raises(ChangeNotAllowed), transaction.atomic():
            services.activate_subscription(subscription_id=subscription_id, now=BORN, actor=STAFF)
        assert lines_of(subscription_id) == [("grant", 3, 3)]


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
class TestSettle:
    def test_writes_off_what_is_left(self) -> None:
        subscription_id = grant(visits=3, duration=("week", 1))
        charge(subscription_id)
        services.settle(subscription_id, BORN + 2 * WEEK)
        row = stored(subscription_id)
        assert (row.status, row.ended_at) == ("expired", BORN + WEEK)
        assert (row.credits, row.used_credits) == (1, 1)
        assert lines_of(subscription_id) == [
            ("grant", 3, 3),
            ("check_in", -1, 2),
            ("expiry", -2, 0),
        ]

    def test_writes_no_line_when_nothing_is_left(self) -> None:
        for subscription_id in (grant(visits=1, duration=("week", 1)), grant()):
            if stored(subscription_id).credits:
                charge(subscription_id)
            services.settle(subscription_id, BORN + 9 * WEEK)
            assert stored(subscription_id).status == "expired"
            assert "expiry" not in [kind for kind, *_ in lines_of(subscription_id)]

    def test_does_nothing_the_second_time(self) -> None:
        subscription_id = grant(visits=3, duration=("week", 1))
        for _ in range(2):
            services.settle(subscription_id, BORN + WEEK)
        assert lines_of(subscription_id) == [("grant", 3, 3), ("expiry", -3, 0)]

    def test_does_not_end_what_is_frozen(self) -> None:
        subscription_id = grant(visits=3, duration=("week", 1))
        Subscription.objects.filter(pk=subscription_id).update(status="frozen", frozen_from=BORN)
        services.settle(subscription_id, BORN + WEEK)
        assert stored(subscription_id).status == "frozen"
        assert lines_of(subscription_id) == [("grant", 3, 3)]

    @pytest.mark.parametrize("status", ["pending", "cancelled"])
    def test_leaves_alone_what_does_not_run(self, status: str) -> None:
        subscription_id = grant(visits=3, duration=("week", 1))
        Subscription.objects.filter(pk=subscription_id).update(status=status)
        services.settle(subscription_id, BORN + WEEK)
        assert stored(subscription_id).status == status
        assert lines_of(subscription_id) == [("grant", 3, 3)]

    def test_puts_itself_off_when_the_end_has_moved(self) -> None:
        subscription_id = grant(visits=3, duration=("week", 1))
        Subscription.objects.filter(pk=subscription_id).update(ends_at=BORN + 3 * WEEK)
        CreditLot.objects.filter(subscription_id=subscription_id).update(ends_at=BORN + 3 * WEEK)
        services.settle(subscription_id, BORN + WEEK)
        assert stored(subscription_id).status == "active"
        assert due_at(subscription_id) == BORN + 2 * WEEK

    def test_ends_it_at_its_very_end(self) -> None:
        subscription_id = grant(duration=("week", 1))
        services.settle(subscription_id, BORN + WEEK - timedelta(microseconds=1))
        assert stored(subscription_id).status == "active"
        services.settle(subscription_id, BORN + WEEK)
        assert stored(subscription_id).status == "expired"

    def test_knows_no_subscription_of_another_club(self, club_b: ClubWorld) -> None:
        with pytest.raises(NotFound):
            services.settle(club_b.subscription, BORN + 99 * WEEK)


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
class TestRollback:
    def test_leaves_no_trace_of_a_grant_that_fails(self, monkeypatch: pytest.MonkeyPatch) -> None:
        customer, package = new_customer(), new_package(visits=3)

        def full(**_: object) -> None:
            raise DatabaseError("the list is full")

        monkeypatch.setattr(changes.due_work, "schedule", full)
        with pytest.raises(DatabaseError, match="full"):
            services.grant_subscription(
                customer_id=customer.id,
                package_id=package.id,
                starts_at=None,
                now=BORN,
                actor=STAFF,
            )
        assert not Subscription.objects.filter(customer=customer).exists()
        assert not CreditLot.objects.filter(subscription__customer=customer).exists()

    def test_keeps_status_and_books_together(self, monkeypatch: pytest.MonkeyPatch) -> None:
        member = new_pass(visits=3, duration=("week", 1))

        def broken(*_: object, **__: object) -> None:
            raise DatabaseError("no line")

        monkeypatch.setattr(ledger, "write_line", broken)
        with pytest.raises(DatabaseError, match="no line"), transaction.atomic():
            services.settle(member.subscription, BORN + WEEK)
        assert stored(member.subscription).status == SubscriptionStatus.ACTIVE
