"""Freezing: how long, how often, and what it does to the ends."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from platform_shared.kit.errors import InvalidInput, NotFound
from tenant_apps.payments.enums import PaymentMethod
from tenant_apps.subscriptions import services
from tenant_apps.subscriptions.errors import (
    AlreadyFrozen,
    ChangeNotAllowed,
    FreezeLimitReached,
    NotFrozen,
)
from tenant_apps.subscriptions.models import Freeze
from tests.support.world import BORN, ClubWorld
from tests.tenant_apps.sales.desk import new_customer, new_package, sell
from tests.tenant_apps.subscriptions.holding import (
    DAY,
    WEEK,
    by,
    cancel,
    changes_of,
    due_at,
    freeze,
    grant,
    last_change,
    lots_of,
    stored,
    unfreeze,
)

HOUR = timedelta(hours=1)
BERLIN = ZoneInfo("Europe/Berlin")


def limits(days: int | None = None, times: int | None = None) -> dict[str, int | None]:
    """Return how much a package may be frozen."""
    return {"days": days, "times": times}


def spans_of(subscription_id: Any) -> list[tuple[datetime, datetime | None]]:
    """Return its freezes, oldest first."""
    rows = Freeze.objects.filter(subscription_id=subscription_id).order_by("id")
    return list(rows.values_list("starts_at", "ends_at"))


@pytest.mark.usefixtures("bound_a")
class TestFreeze:
    def test_rests_from_now_on_and_moves_the_ends_by_its_length(self) -> None:
        held = grant(visits=3, duration=("week", 4))
        said = freeze(held, until=BORN + WEEK, why="broken leg")
        row = stored(held)
        assert said.status == row.status == "frozen"
        assert (row.frozen_from, row.frozen_until) == (BORN, BORN + WEEK)
        # In Berlin the clocks are put forward on 29 March: five weeks on the wall.
        assert row.ends_at == BORN + 5 * WEEK - HOUR
        assert lots_of(held) == [(3, row.ends_at)]
        assert spans_of(held) == [(BORN, BORN + WEEK)]
        assert due_at(held) == BORN + WEEK
        change = last_change(held)
        assert (change.action, change.status_before, change.status_after) == (
            "freeze",
            "active",
            "frozen",
        )
        assert change.reason == "broken leg"
        assert change.detail == {
            "starts_at": BORN.isoformat(),
            "ends_at": (BORN + WEEK).isoformat(),
        }

    def test_moves_no_end_as_long_as_it_is_open(self) -> None:
        held = grant(visits=3, duration=("week", 2))
        freeze(held)
        assert (stored(held).frozen_until, stored(held).ends_at) == (None, BORN + 2 * WEEK)
        services.settle(held, BORN + 9 * WEEK)
        assert (stored(held).status, stored(held).ends_at) == ("frozen", BORN + 2 * WEEK)
        unfreeze(held, now=BORN + WEEK)
        assert (stored(held).status, stored(held).ends_at) == ("active", BORN + 3 * WEEK)
        assert lots_of(held) == [(3, BORN + 3 * WEEK)]
        assert spans_of(held) == [(BORN, BORN + WEEK)]

    def test_is_planned_and_moves_the_ends_at_once(self) -> None:
        held = grant(duration=("week", 2))
        freeze(held, since=BORN + DAY, until=BORN + 3 * DAY)
        row = stored(held)
        assert (row.status, row.ends_at) == ("active", BORN + 2 * WEEK + 2 * DAY)
        assert changes_of(held)[-1] == ("plan_freeze", "active", "active")
        assert due_at(held) == BORN + DAY

    def test_leaves_a_lot_alone_that_ends_before(self) -> None:
        held = grant(visits=2, duration=("week", 1))
        services.renew_subscription(subscription_id=held, **by())
        assert lots_of(held) == [(2, BORN + WEEK), (2, BORN + 2 * WEEK)]
        freeze(held, since=BORN + WEEK, until=BORN + WEEK + DAY)
        assert lots_of(held) == [(2, BORN + WEEK), (2, BORN + 2 * WEEK + DAY)]
        unfreeze(held, now=BORN)
        assert lots_of(held) == [(2, BORN + WEEK), (2, BORN + 2 * WEEK)]

    def test_leaves_a_lot_alone_that_is_over(self) -> None:
        held = grant(visits=2, duration=("week", 1))
        services.renew_subscription(subscription_id=held, **by())
        services.settle(held, BORN + WEEK)
        freeze(held, now=BORN + WEEK, until=BORN + WEEK + DAY)
        assert lots_of(held) == [(0, BORN + WEEK), (2, BORN + 2 * WEEK + DAY)]

    @pytest.mark.parametrize(
        ("first", "days"),
        [("2027-03-27", 2), ("2027-10-30", 2), ("2027-03-28", 1), ("2027-10-31", 1)],
    )
    def test_keeps_midnight_when_whole_days_rest_over_a_change_of_clocks(
        self, first: str, days: int
    ) -> None:
        since = datetime.fromisoformat(first).replace(tzinfo=BERLIN)
        until = since + days * DAY  # on the wall
        bought = datetime(since.year, since.month, 20, tzinfo=BERLIN)
        held = grant(
            visits=3,
            duration=("day", 20),
            starts_at=bought,
            now=bought,
            freezing=limits(days=days),
        )
        before = stored(held).ends_at
        assert before is not None
        freeze(held, since=since, until=until, now=bought)
        after = stored(held).ends_at
        assert after is not None
        assert after.astimezone(BERLIN).replace(tzinfo=None) == (
            before.astimezone(BERLIN).replace(tzinfo=None) + days * DAY
        )
        assert after.astimezone(BERLIN).hour == 0
        assert lots_of(held) == [(3, after)]
        unfreeze(held, now=bought)
        assert stored(held).ends_at == before

    def test_keeps_midnight_over_both_changes_of_clocks(self) -> None:
        bought = datetime(2027, 3, 1, tzinfo=BERLIN)
        held = grant(duration=("year", 1), starts_at=bought, now=bought, freezing=limits(days=240))
        freeze(
            held,
            since=datetime(2027, 3, 20, tzinfo=BERLIN),
            until=datetime(2027, 11, 15, tzinfo=BERLIN),
            now=bought,
        )
        assert stored(held).ends_at == datetime(2028, 10, 27, tzinfo=BERLIN)

    def test_may_come_before_the_first_visit(self) -> None:
        held = grant(visits=3, duration=("day", 5), valid_from="first_visit")
        freeze(held, until=BORN + WEEK)
        assert (stored(held).status, stored(held).ends_at) == ("frozen", None)
        services.settle(held, BORN + WEEK)
        assert (stored(held).status, stored(held).ends_at) == ("active", None)

    @pytest.mark.parametrize(
        ("since", "until", "complaint"),
        [
            (BORN - HOUR, None, ("starts_at", "in_the_past")),
            (BORN + WEEK, None, ("starts_at", "after_end")),
            (BORN + DAY, BORN + DAY, ("ends_at", "out_of_range")),
            (BORN + DAY, BORN, ("ends_at", "out_of_range")),
            (None, BORN, ("ends_at", "out_of_range")),
            (None, BORN + 3661 * DAY, ("ends_at", "out_of_range")),
        ],
    )
    def test_names_what_is_wrong_with_the_span(
        self, since: datetime | None, until: datetime | None, complaint: tuple[str, str]
    ) -> None:
        held = grant(duration=("week", 1))
        with pytest.raises(InvalidInput) as caught:
            freeze(held, since=since, until=until)
        assert [(e.field, e.code) for e in caught.value.errors] == [complaint]
        assert (stored(held).frozen_from, spans_of(held)) == (None, [])

    def test_is_not_before_the_start(self) -> None:
        held = grant(starts_at=BORN + WEEK)
        with pytest.raises(InvalidInput) as caught:
            freeze(held, until=BORN + 2 * WEEK)
        assert [(e.field, e.code) for e in caught.value.errors] == [("starts_at", "before_start")]

    def test_is_not_where_the_calendar_ends(self) -> None:
        endless = grant(visits=3, duration=None, freezing=limits(days=30))
        with pytest.raises(InvalidInput) as caught:
            freeze(endless, since=datetime(9999, 12, 30, tzinfo=UTC))
        assert [(e.field, e.code) for e in caught.value.errors] == [("starts_at", "out_of_range")]
        held = grant(duration=("year", 1000))
        for _ in range(6):
            services.extend_subscription(
                subscription_id=held, unit="year", count=1000, reason="", **by()
            )
        services.extend_subscription(
            subscription_id=held, unit="year", count=970, reason="", **by()
        )
        before = stored(held).ends_at
        with pytest.raises(InvalidInput) as caught:
            freeze(held, until=BORN + 3650 * DAY)
        assert [(e.field, e.code) for e in caught.value.errors] == [("ends_at", "out_of_range")]
        assert stored(held).ends_at == before

    def test_is_one_at_a_time(self) -> None:
        held = grant()
        freeze(held, since=BORN + DAY, until=BORN + 2 * DAY)
        with pytest.raises(AlreadyFrozen):
            freeze(held, since=BORN + 3 * DAY)
        with pytest.raises(AlreadyFrozen):
            freeze(held)
        assert len(spans_of(held)) == 1

    def test_is_not_for_what_rests_or_is_not_paid_or_is_over(self) -> None:
        frozen, over = grant(), grant()
        freeze(frozen)
        cancel(over)
        unpaid = sell(new_package(), new_customer(), method=PaymentMethod.TRANSFER).subscription.id
        for held, status in ((frozen, "frozen"), (over, "cancelled"), (unpaid, "pending")):
            for since, action in ((None, "freeze"), (BORN + DAY, "plan_freeze")):
                with pytest.raises(ChangeNotAllowed) as caught:
                    freeze(held, since=since)
                assert caught.value.extras == {
                    "action": action,
                    "subscription_status": status,
                    "allowed_when": ["active"],
                }

    def test_knows_no_subscription_of_another_club(self, club_b: ClubWorld) -> None:
        with pytest.raises(NotFound):
            freeze(club_b.subscription)
        with pytest.raises(NotFound):
            unfreeze(club_b.subscription, now=BORN)


@pytest.mark.usefixtures("bound_a")
class TestLimits:
    def test_allow_so_many_times(self) -> None:
        held = grant(freezing=limits(times=2))
        for n in range(2):
            freeze(held, now=BORN + n * DAY)
            unfreeze(held, now=BORN + n * DAY + HOUR)
        with pytest.raises(FreezeLimitReached) as caught:
            freeze(held, now=BORN + 2 * DAY)
        assert caught.value.extras == {"times": 2}
        assert stored(held).status == "active"

    def test_do_not_count_what_was_dropped(self) -> None:
        held = grant(freezing=limits(times=1, days=3))
        freeze(held, since=BORN + DAY, until=BORN + 4 * DAY)
        unfreeze(held, now=BORN + HOUR)
        assert spans_of(held) == []
        freeze(held, since=BORN + DAY, until=BORN + 4 * DAY)
        assert len(spans_of(held)) == 1

    def test_allow_so_many_days_in_all(self) -> None:
        held = grant(freezing=limits(days=5))
        with pytest.raises(FreezeLimitReached) as caught:
            freeze(held, until=BORN + 6 * DAY)
        assert caught.value.extras == {"days_left": 5}
        freeze(held, until=BORN + 3 * DAY)
        services.settle(held, BORN + 3 * DAY)
        with pytest.raises(FreezeLimitReached) as caught:
            freeze(held, now=BORN + 4 * DAY, until=BORN + 7 * DAY)
        assert caught.value.extras == {"days_left": 2}
        freeze(held, now=BORN + 4 * DAY, until=BORN + 6 * DAY)
        services.settle(held, BORN + 6 * DAY)
        with pytest.raises(FreezeLimitReached) as caught:
            freeze(held, now=BORN + 7 * DAY)
        assert caught.value.extras == {"days_left": 0}

    def test_let_an_open_one_end_when_the_days_are_used_up(self) -> None:
        held = grant(duration=("week", 2), freezing=limits(days=5))
        freeze(held)
        row = stored(held)
        assert (row.frozen_until, row.ends_at) == (BORN + 5 * DAY, BORN + 2 * WEEK + 5 * DAY)
        services.settle(held, BORN + 5 * DAY)
        assert stored(held).status == "active"

    def test_count_a_begun_day_in_full_however_short(self) -> None:
        held = grant(freezing=limits(days=2))
        freeze(held)
        unfreeze(held, now=BORN + HOUR)
        freeze(held, now=BORN + 2 * HOUR)
        assert stored(held).frozen_until == BORN + 2 * HOUR + DAY

    def test_count_what_was_rested_and_not_what_was_planned(self) -> None:
        held = grant(freezing=limits(days=10))
        freeze(held, until=BORN + 10 * DAY)
        unfreeze(held, now=BORN + 2 * DAY)
        freeze(held, now=BORN + 3 * DAY, until=BORN + 11 * DAY)
        assert stored(held).frozen_until == BORN + 11 * DAY

    @pytest.mark.parametrize(
        ("terms", "said"), [(limits(days=0), {"days_left": 0}), (limits(times=0), {"times": 0})]
    )
    def test_may_allow_none(self, terms: dict[str, int], said: dict[str, int]) -> None:
        held = grant(freezing=terms)
        with pytest.raises(FreezeLimitReached) as caught:
            freeze(held, until=BORN + DAY)
        assert caught.value.extras == said
        assert (stored(held).status, spans_of(held)) == ("active", [])

    def test_are_those_that_were_bought(self) -> None:
        package = new_package(freezing=limits(days=1))
        held = grant(package)
        type(package).objects.filter(pk=package.pk).update(freeze_days=None)
        with pytest.raises(FreezeLimitReached):
            freeze(held, until=BORN + 2 * DAY)


@pytest.mark.usefixtures("bound_a")
class TestUnfreeze:
    def test_drops_what_is_only_planned(self) -> None:
        held = grant(visits=2, duration=("week", 2))
        freeze(held, since=BORN + DAY, until=BORN + 3 * DAY)
        unfreeze(held, now=BORN + HOUR, why="travels later")
        row = stored(held)
        assert (row.status, row.frozen_from, row.frozen_until) == ("active", None, None)
        assert row.ends_at == BORN + 2 * WEEK
        assert lots_of(held) == [(2, BORN + 2 * WEEK)]
        assert changes_of(held)[-1] == ("drop_freeze", "active", "active")
        assert last_change(held).reason == "travels later"
        assert due_at(held) == BORN + WEEK

    def test_ends_early_what_runs_and_takes_back_the_rest(self) -> None:
        held = grant(visits=2, duration=("week", 2))
        freeze(held, until=BORN + 6 * DAY)
        unfreeze(held, now=BORN + 2 * DAY)
        assert (stored(held).status, stored(held).ends_at) == ("active", BORN + 2 * WEEK + 2 * DAY)
        assert lots_of(held) == [(2, BORN + 2 * WEEK + 2 * DAY)]
        assert spans_of(held) == [(BORN, BORN + 2 * DAY)]
        assert changes_of(held)[-1] == ("unfreeze", "frozen", "active")

    def test_takes_back_the_end_of_what_was_added_meanwhile(self) -> None:
        held = grant(visits=2, duration=("week", 2))
        freeze(held, until=BORN + 6 * DAY)
        services.adjust_credits(subscription_id=held, amount=1, reason="sorry", **by(BORN + DAY))
        unfreeze(held, now=BORN + 2 * DAY)
        end = BORN + 2 * WEEK + 2 * DAY
        assert lots_of(held) == [(2, end), (1, end)]

    def test_in_the_moment_of_freezing_leaves_no_trace_in_the_ends(self) -> None:
        held = grant(duration=("week", 2))
        freeze(held)
        unfreeze(held, now=BORN)
        assert (stored(held).status, stored(held).ends_at) == ("active", BORN + 2 * WEEK)
        assert spans_of(held) == []

    def test_needs_a_freeze(self) -> None:
        held = grant()
        with pytest.raises(NotFrozen):
            unfreeze(held, now=BORN)
        freeze(held, until=BORN + DAY)
        with pytest.raises(NotFrozen):
            unfreeze(held, now=BORN + 2 * DAY)  # it has ended by itself
        assert stored(held).ends_at is not None
