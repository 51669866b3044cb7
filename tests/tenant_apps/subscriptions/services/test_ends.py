"""How subscriptions end, or don't: cancelling, at once and at the end; extending; renewing."""

from datetime import UTC, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from platform_shared.due_work import services as due_work
from platform_shared.due_work.models import DueWork
from platform_shared.kit.errors import InvalidInput, NotFound
from tenant_apps.payments.enums import PaymentMethod
from tenant_apps.subscriptions import selectors, services
from tenant_apps.subscriptions.errors import ChangeNotAllowed, NoEnd
from tenant_apps.subscriptions.models import CreditEntry, CreditLot, Freeze, Subscription
from tests.support.world import BORN, ClubWorld
from tests.tenant_apps.checkins.door import reason, scan
from tests.tenant_apps.sales.desk import STAFF, new_customer, new_package, sell
from tests.tenant_apps.subscriptions.holding import (
    DAY,
    WEEK,
    by,
    cancel,
    changes_of,
    charge,
    due_at,
    freeze,
    grant,
    in_zone,
    last_change,
    lots_of,
    stored,
)
from tests.tenant_apps.subscriptions.ledger import lines_of


def renew(subscription_id: UUID, *, now: datetime = BORN) -> None:
    """Add a term."""
    services.renew_subscription(subscription_id=subscription_id, **by(now))


def local(moment: datetime | None) -> datetime:
    """Return what the club's clock reads at a moment."""
    assert moment is not None
    return moment.astimezone(ZoneInfo("Europe/Berlin")).replace(tzinfo=None)


def extend(
    subscription_id: UUID, unit: str, count: int, *, now: datetime = BORN, why: str = "closed"
) -> None:
    """Move the end later."""
    services.extend_subscription(
        subscription_id=subscription_id, unit=unit, count=count, reason=why, **by(now)
    )


def over(subscription_id: UUID) -> UUID:
    """Cancel it; return its id."""
    return cancel(subscription_id).id


def unpaid(visits: int | None = None) -> UUID:
    """Return a subscription that waits for its payment."""
    package = new_package(visits=visits)
    return sell(package, new_customer(), method=PaymentMethod.TRANSFER).subscription.id


@pytest.mark.usefixtures("bound_a")
class TestCancel:
    def test_ends_it_now_with_what_is_left(self) -> None:
        held = grant(visits=3)
        charge(held)
        cancel(held, now=BORN + DAY, why="moves away")
        row = stored(held)
        assert (row.status, row.ended_at) == ("cancelled", BORN + DAY)
        assert (row.credits, row.used_credits) == (1, 1)
        assert lines_of(held)[-1] == ("expiry", -2, 0)
        change = last_change(held)
        assert (change.action, change.reason, change.actor) == ("cancel", "moves away", STAFF)
        assert CreditEntry.objects.filter(subscription_id=held).latest("id").change == change

    def test_is_noticed_at_the_door(self) -> None:
        held = grant(visits=3)
        cancel(held)
        assert reason(customer=stored(held).customer_id, at=BORN) == "no_subscription"

    def test_is_for_what_is_not_paid(self) -> None:
        held = unpaid(visits=3)
        cancel(held)
        assert (stored(held).status, stored(held).ended_at) == ("cancelled", BORN)
        assert lines_of(held) == []
        assert changes_of(held) == [("cancel", "pending", "cancelled")]

    @pytest.mark.parametrize("until", [None, BORN + 5 * DAY])
    def test_ends_the_rest_of_what_is_frozen(self, until: datetime | None) -> None:
        held = grant(visits=3, duration=("week", 2))
        freeze(held, until=until)
        cancel(held, now=BORN + DAY)
        row = stored(held)
        assert (row.status, row.frozen_from, row.frozen_until) == ("cancelled", None, None)
        assert row.ends_at == BORN + 2 * WEEK + DAY
        assert Freeze.objects.get(subscription_id=held).ends_at == BORN + DAY
        assert changes_of(held)[-1] == ("cancel", "frozen", "cancelled")
        assert lines_of(held)[-1] == ("expiry", -3, 0)

    def test_drops_a_freeze_that_was_planned(self) -> None:
        held = grant(duration=("week", 2))
        freeze(held, since=BORN + DAY, until=BORN + 2 * DAY)
        cancel(held)
        assert (stored(held).frozen_from, stored(held).ends_at) == (None, BORN + 2 * WEEK)
        assert not Freeze.objects.filter(subscription_id=held).exists()

    def test_is_not_for_what_is_over(self) -> None:
        cancelled, expired = over(grant()), grant(duration=("week", 1))
        for held, status in ((cancelled, "cancelled"), (expired, "expired")):
            with pytest.raises(ChangeNotAllowed) as caught:
                cancel(held, now=BORN + WEEK)
            assert caught.value.extras == {
                "action": "cancel",
                "subscription_status": status,
                "allowed_when": ["active", "frozen", "pending"],
            }
        assert stored(cancelled).ended_at == BORN

    def test_knows_no_subscription_of_another_club(self, club_b: ClubWorld) -> None:
        with pytest.raises(NotFound):
            cancel(club_b.subscription)


@pytest.mark.usefixtures("bound_a")
class TestCancelAtEnd:
    def test_is_remembered_and_can_be_taken_back(self) -> None:
        held = grant(duration=("week", 1))
        for _ in range(2):
            services.cancel_at_end(subscription_id=held, **by())
        assert stored(held).cancel_at_end
        for _ in range(2):
            services.keep_subscription(subscription_id=held, **by())
        assert not stored(held).cancel_at_end
        assert changes_of(held)[1:] == [
            ("cancel_at_end", "active", "active"),
            ("keep", "active", "active"),
        ]

    def test_lets_it_run_to_its_end(self) -> None:
        held = grant(duration=("week", 1))
        services.cancel_at_end(subscription_id=held, **by())
        customer = stored(held).customer_id
        assert reason(customer=customer, at=BORN + WEEK - DAY) == "ok"
        services.settle(held, BORN + WEEK)
        assert (stored(held).status, stored(held).ended_at) == ("expired", BORN + WEEK)

    def test_is_for_what_is_frozen_too(self) -> None:
        held = grant()
        freeze(held)
        services.cancel_at_end(subscription_id=held, **by())
        assert (stored(held).cancel_at_end, stored(held).status) == (True, "frozen")

    def test_needs_an_end(self) -> None:
        for held in (
            grant(visits=3, duration=None),
            grant(duration=("day", 5), valid_from="first_visit"),
        ):
            with pytest.raises(NoEnd) as caught:
                services.cancel_at_end(subscription_id=held, **by())
            assert caught.value.extras == {}
            assert not stored(held).cancel_at_end

    def test_is_not_for_what_does_not_run(self) -> None:
        for held in (unpaid(), over(grant())):
            for change in (services.cancel_at_end, services.keep_subscription):
                with pytest.raises(ChangeNotAllowed) as caught:
                    change(subscription_id=held, **by())
                assert caught.value.extras["allowed_when"] == ["active", "frozen"]


@pytest.mark.usefixtures("bound_a")
class TestExtend:
    @pytest.mark.parametrize(
        ("bought", "by_what", "end"),
        [
            ("2027-01-31 10:00", ("month", 1), "2027-03-28 10:00"),
            ("2027-12-31 10:00", ("month", 1), "2028-02-29 10:00"),
            ("2028-01-29 10:00", ("year", 1), "2029-02-28 10:00"),
            ("2027-01-27 10:00", ("month", 1), "2027-03-27 10:00"),
            ("2027-02-28 10:00", ("day", 1), "2027-03-29 10:00"),
        ],
    )
    def test_follows_the_calendar_from_the_end(
        self, bought: str, by_what: tuple[str, int], end: str
    ) -> None:
        berlin = ZoneInfo("Europe/Berlin")
        start = datetime.fromisoformat(bought).replace(tzinfo=berlin)
        held = grant(starts_at=start, now=start)
        extend(held, *by_what, now=start)
        assert stored(held).ends_at == datetime.fromisoformat(end).replace(tzinfo=berlin)

    def test_moves_the_lots_that_end_with_it_and_no_other(self) -> None:
        held = grant(visits=2, duration=("week", 1))
        renew(held)
        extend(held, "day", 3, why="broken shower")
        assert lots_of(held) == [(2, BORN + WEEK), (2, BORN + 2 * WEEK + 3 * DAY)]
        change = last_change(held)
        assert (change.action, change.reason) == ("extend", "broken shower")
        assert change.detail == {
            "ends_at_before": (BORN + 2 * WEEK).isoformat(),
            "ends_at": (BORN + 2 * WEEK + 3 * DAY).isoformat(),
        }

    def test_puts_the_due_work_off(self) -> None:
        held = grant(duration=("week", 2))
        assert due_at(held) == BORN + WEEK
        extend(held, "day", 5)
        assert due_at(held) == BORN + WEEK + 5 * DAY

    def test_is_for_what_is_frozen_too(self) -> None:
        held = grant(duration=("week", 1))
        freeze(held, until=BORN + DAY)
        extend(held, "day", 1)
        assert (stored(held).status, stored(held).ends_at) == ("frozen", BORN + WEEK + 2 * DAY)
        assert due_at(held) == BORN + DAY

    def test_needs_an_end_to_move(self) -> None:
        with pytest.raises(NoEnd):
            extend(grant(visits=3, duration=None), "day", 1)

    def test_is_not_for_what_is_over_even_if_nobody_has_noticed(self) -> None:
        held = grant(duration=("week", 1))
        with pytest.raises(ChangeNotAllowed) as caught:
            extend(held, "day", 1, now=BORN + WEEK)
        assert caught.value.extras == {
            "action": "extend",
            "subscription_status": "expired",
            "allowed_when": ["active", "frozen"],
        }
        assert stored(held).ends_at == BORN + WEEK

    def test_stops_where_the_calendar_does(self) -> None:
        held = grant()
        with pytest.raises(InvalidInput) as caught:
            extend(held, "year", 9000)
        assert [(e.field, e.code) for e in caught.value.errors] == [("duration", "out_of_range")]


@pytest.mark.usefixtures("bound_a")
class TestRenew:
    def test_adds_a_lot_whose_predecessor_keeps_its_own_end(self) -> None:
        held = grant(visits=3, duration=("week", 1))
        charge(held)
        renew(held)
        row = stored(held)
        assert (row.ends_at, row.credits, row.used_credits) == (BORN + 2 * WEEK, 6, 1)
        assert lots_of(held) == [(2, BORN + WEEK), (3, BORN + 2 * WEEK)]
        assert due_at(held) == BORN + WEEK
        services.settle(held, BORN + WEEK)
        assert stored(held).status == "active"
        assert lines_of(held) == [
            ("grant", 3, 3),
            ("check_in", -1, 2),
            ("grant", 3, 5),
            ("expiry", -2, 3),
        ]
        services.settle(held, BORN + 2 * WEEK)
        assert stored(held).status == "expired"
        assert lines_of(held)[-1] == ("expiry", -3, 0)

    def test_draws_on_the_older_lot_first(self) -> None:
        held = grant(visits=1, duration=("week", 1))
        renew(held)
        customer = stored(held).customer_id
        first, second = (
            scan(customer=customer, at=BORN + n * timedelta(hours=1)).check_in.lot_id
            for n in range(2)
        )
        older, newer = CreditLot.objects.filter(subscription_id=held).order_by("id")
        assert (first, second) == (older.id, newer.id)

    def test_gives_a_period_another_term(self) -> None:
        held = grant(duration=("month", 1))
        renew(held)
        assert stored(held).ends_at == datetime(2026, 5, 2, 8, tzinfo=UTC)
        assert lots_of(held) == []
        assert changes_of(held)[-1] == ("renew", "active", "active")

    @pytest.mark.parametrize(
        ("zone", "bought", "duration", "ends"),
        [
            ("Europe/Berlin", "2027-01-31 10:00", ("month", 1), ["2027-02-28", "2027-03-28"]),
            ("Europe/Berlin", "2028-01-31 10:00", ("month", 1), ["2028-02-29", "2028-03-29"]),
            ("Europe/Berlin", "2028-02-29 10:00", ("year", 1), ["2029-02-28", "2030-02-28"]),
            ("Pacific/Kiritimati", "2027-01-31 00:30", ("month", 1), ["2027-02-28", "2027-03-28"]),
            ("Pacific/Honolulu", "2027-01-31 23:30", ("month", 1), ["2027-02-28", "2027-03-28"]),
            ("Pacific/Kiritimati", "2028-02-29 00:30", ("year", 1), ["2029-02-28", "2030-02-28"]),
            ("Pacific/Honolulu", "2028-02-29 23:30", ("year", 1), ["2029-02-28", "2030-02-28"]),
        ],
    )
    def test_follows_the_calendar_of_the_club(
        self, zone: str, bought: str, duration: tuple[str, int], ends: list[str]
    ) -> None:
        there = ZoneInfo(zone)
        start = datetime.fromisoformat(bought).replace(tzinfo=there)
        with in_zone(zone):
            held = grant(starts_at=start, now=start, duration=duration)
            found = [stored(held).ends_at]
            renew(held, now=start)
            found.append(stored(held).ends_at)
        for end, day in zip(found, ends, strict=True):
            assert end is not None
            local = end.astimezone(there)
            assert (local.date().isoformat(), local.time()) == (day, start.time())

    def test_of_the_same_moment_differs_by_where_the_club_is(self) -> None:
        # 1 March in Kiritimati is still 28 February in Honolulu, a day and an hour behind.
        moment = datetime(2027, 2, 28, 12, tzinfo=UTC)
        found = []
        for zone in ("Pacific/Kiritimati", "Pacific/Honolulu"):
            with in_zone(zone):
                held = grant(starts_at=moment, now=moment)
                renew(held, now=moment)
                found.append(stored(held).ends_at)
        assert found == [
            datetime(2027, 4, 30, 12, tzinfo=UTC),
            datetime(2027, 4, 28, 12, tzinfo=UTC),
        ]

    def test_needs_an_end(self) -> None:
        for held in (
            grant(visits=3, duration=None),
            grant(duration=("day", 5), valid_from="first_visit"),
        ):
            with pytest.raises(NoEnd):
                renew(held)
            assert len(changes_of(held)) == 1

    def test_is_not_for_what_does_not_run(self) -> None:
        for held in (unpaid(), over(grant())):
            with pytest.raises(ChangeNotAllowed) as caught:
                renew(held)
            assert caught.value.extras["action"] == "renew"

    def test_stops_where_the_calendar_does(self) -> None:
        held = grant(duration=("year", 1000))
        for _ in range(6):
            renew(held)
        with pytest.raises(InvalidInput) as caught:
            renew(held)
        assert [(e.field, e.code) for e in caught.value.errors] == [
            ("subscription", "out_of_range")
        ]


@pytest.mark.usefixtures("bound_a")
class TestProlongingOverAFreeze:
    """A freeze was planned behind the end that the first visit has set: nothing was moved by it."""

    # Twenty days by the club's clock, which goes forward on the way.
    START, OVER = BORN + 12 * DAY, BORN + 32 * DAY - timedelta(hours=1)

    @pytest.fixture
    def held(self) -> UUID:
        held = grant(visits=3, duration=("day", 10), valid_from="first_visit")
        freeze(held, since=self.START, until=self.OVER)
        scan(customer=stored(held).customer_id, at=BORN)
        assert stored(held).ends_at == BORN + 10 * DAY
        return held

    def test_adds_its_length_when_it_comes_to_lie_within(self, held: UUID) -> None:
        extend(held, "day", 30)
        assert local(stored(held).ends_at) == local(BORN + 10 * DAY) + 50 * DAY
        assert lots_of(held) == [(2, stored(held).ends_at)]
        for moment in (self.START, self.OVER):
            services.settle(held, moment)
        assert local(stored(held).ends_at) == local(BORN + 10 * DAY) + 50 * DAY

    def test_gives_it_back_when_it_is_dropped(self, held: UUID) -> None:
        extend(held, "day", 30)
        services.unfreeze_subscription(subscription_id=held, reason="", **by(BORN + DAY))
        assert local(stored(held).ends_at) == local(BORN + 10 * DAY) + 30 * DAY

    def test_adds_nothing_while_it_lies_behind(self, held: UUID) -> None:
        extend(held, "day", 2)
        assert stored(held).ends_at == self.START

    def test_goes_for_another_term_and_its_lot_too(self, held: UUID) -> None:
        renew(held)
        assert local(stored(held).ends_at) == local(BORN + 10 * DAY) + 30 * DAY
        assert lots_of(held) == [(2, BORN + 10 * DAY), (3, stored(held).ends_at)]


@pytest.mark.usefixtures("bound_a")
class TestThoseOfOld:
    """What ran before it was written down when it began to."""

    def test_stay_in_the_books_when_they_are_cancelled(self) -> None:
        held = grant(duration=("week", 1))
        Subscription.objects.filter(pk=held).update(activated_at=None)
        services.cancel_subscription(subscription_id=held, reason="", **by(BORN + DAY))
        assert stored(held).activated_at == BORN
        assert list(selectors.started(BORN, BORN + DAY).filter(pk=held))

    def test_are_settled_under_the_name_that_due_work_had_before(self) -> None:
        held = grant(duration=("week", 1))
        DueWork.objects.filter(subject_id=held).update(
            kind="subscriptions.expire", due_at=BORN + WEEK
        )
        entry = DueWork.objects.get(subject_id=held)
        assert due_work.carry_out(entry_id=entry.pk, now=BORN + WEEK)
        assert stored(held).status == "expired"
        assert not DueWork.objects.filter(subject_id=held).exists()
