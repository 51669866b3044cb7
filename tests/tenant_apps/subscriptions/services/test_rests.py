"""Freezes as they take their course, followed in time or late."""

from datetime import timedelta

import pytest

from platform_shared.kit.principal import SYSTEM
from tenant_apps.checkins.enums import Kind
from tenant_apps.subscriptions import services
from tenant_apps.subscriptions.models import Freeze
from tests.support.world import BORN
from tests.tenant_apps.checkins.door import reason, scan
from tests.tenant_apps.subscriptions.holding import (
    DAY,
    WEEK,
    by,
    changes_of,
    due_at,
    freeze,
    grant,
    last_change,
    lots_of,
    stored,
    unfreeze,
)

SINCE, UNTIL = BORN + DAY, BORN + 3 * DAY


@pytest.mark.usefixtures("bound_a")
class TestFollow:
    def test_begins_and_ends_what_was_planned(self) -> None:
        held = grant(visits=2, duration=("week", 2))
        freeze(held, since=SINCE, until=UNTIL)
        services.settle(held, SINCE - timedelta(microseconds=1))
        assert stored(held).status == "active"
        services.settle(held, SINCE)
        assert (stored(held).status, due_at(held)) == ("frozen", UNTIL)
        services.settle(held, UNTIL)
        row = stored(held)
        assert (row.status, row.frozen_from, row.frozen_until) == ("active", None, None)
        assert row.ends_at == BORN + 2 * WEEK + 2 * DAY
        assert lots_of(held) == [(2, row.ends_at)]
        assert changes_of(held)[-3:] == [
            ("plan_freeze", "active", "active"),
            ("freeze", "active", "frozen"),
            ("unfreeze", "frozen", "active"),
        ]
        assert last_change(held).actor == SYSTEM
        assert due_at(held) == row.ends_at - WEEK

    def test_catches_up_late_and_comes_to_the_same(self) -> None:
        in_time, late = (grant(visits=2, duration=("week", 2)) for _ in range(2))
        for held in (in_time, late):
            freeze(held, since=SINCE, until=UNTIL)
        services.settle(in_time, SINCE)
        services.settle(in_time, UNTIL)
        for held in (in_time, late):
            services.settle(held, UNTIL + DAY)
        assert stored(late).ends_at == stored(in_time).ends_at
        assert lots_of(late) == lots_of(in_time)
        assert changes_of(late) == changes_of(in_time)
        freezes = Freeze.objects.filter(subscription_id__in=(in_time, late))
        assert set(freezes.values_list("starts_at", "ends_at")) == {(SINCE, UNTIL)}

    def test_catches_up_even_when_the_end_has_passed_as_well(self) -> None:
        held = grant(visits=2, duration=("week", 2))
        freeze(held, since=SINCE, until=UNTIL)
        services.settle(held, BORN + 9 * WEEK)
        assert (stored(held).status, stored(held).ended_at) == (
            "expired",
            BORN + 2 * WEEK + 2 * DAY,
        )
        assert [action for action, *_ in changes_of(held)][-3:] == ["freeze", "unfreeze", "expire"]

    def test_is_done_by_whoever_comes_first(self) -> None:
        held = grant(visits=2, duration=("week", 2))
        freeze(held, since=SINCE, until=UNTIL)
        services.adjust_credits(subscription_id=held, amount=1, reason="sorry", **by(UNTIL))
        assert [action for action, *_ in changes_of(held)][-3:] == ["freeze", "unfreeze", "adjust"]
        assert stored(held).status == "active"

    def test_does_nothing_the_second_time(self) -> None:
        held = grant(duration=("week", 2))
        freeze(held, since=SINCE, until=UNTIL)
        for _ in range(2):
            services.settle(held, SINCE)
        for _ in range(2):
            services.settle(held, UNTIL)
        assert [action for action, *_ in changes_of(held)] == [
            "activate",
            "plan_freeze",
            "freeze",
            "unfreeze",
        ]

    def test_is_not_waited_for_at_the_door(self) -> None:
        held = grant(visits=9, duration=("week", 2))
        customer = stored(held).customer_id
        freeze(held, since=SINCE, until=UNTIL)
        instant = timedelta(microseconds=1)
        said = []
        for at in (SINCE - instant, SINCE, UNTIL - instant, UNTIL):
            said.append(reason(customer=customer, at=at))
            scan(customer=customer, at=at, kind=Kind.EXIT)
        assert said == ["ok", "subscription_frozen", "subscription_frozen", "ok"]
        assert stored(held).status == "active"


@pytest.mark.usefixtures("bound_a")
class TestBeforeTheFirstVisit:
    """A freeze that was planned while there was no end yet."""

    def test_moves_the_end_once_there_is_one(self) -> None:
        held = grant(visits=3, duration=("day", 5), valid_from="first_visit")
        freeze(held, since=SINCE, until=UNTIL)
        row = scan(customer=stored(held).customer_id, at=BORN).check_in
        assert row.reason == "ok"
        assert stored(held).ends_at == BORN + 7 * DAY
        assert lots_of(held) == [(2, BORN + 7 * DAY)]
        services.settle(held, UNTIL)
        assert stored(held).ends_at == BORN + 7 * DAY

    def test_moves_nothing_when_it_was_over_before(self) -> None:
        in_time, late = (
            grant(visits=3, duration=("day", 5), valid_from="first_visit") for _ in range(2)
        )
        for held in (in_time, late):
            freeze(held, since=SINCE, until=UNTIL)
        services.settle(in_time, UNTIL)
        for held in (in_time, late):
            assert reason(customer=stored(held).customer_id, at=UNTIL + DAY) == "ok"
            assert stored(held).ends_at == UNTIL + 6 * DAY

    def test_is_dropped_when_the_end_comes_first(self) -> None:
        held = grant(visits=3, duration=("day", 2), valid_from="first_visit")
        freeze(held, since=BORN + WEEK, until=BORN + 2 * WEEK)
        customer = stored(held).customer_id
        assert reason(customer=customer, at=BORN) == "ok"
        assert stored(held).ends_at == BORN + 2 * DAY
        at = BORN + WEEK + DAY
        assert reason(customer=customer, at=at) == "subscription_expired"
        services.settle(held, at)
        row = stored(held)
        assert (row.status, row.ended_at) == ("expired", BORN + 2 * DAY)
        assert (row.frozen_from, row.frozen_until) == (None, None)
        assert [action for action, *_ in changes_of(held)] == ["activate", "plan_freeze", "expire"]
        assert not Freeze.objects.filter(subscription_id=held).exists()

    def test_stays_when_it_is_open(self) -> None:
        held = grant(visits=3, duration=("day", 5), valid_from="first_visit")
        freeze(held, since=SINCE)
        scan(customer=stored(held).customer_id, at=BORN)
        assert stored(held).ends_at == BORN + 5 * DAY
        unfreeze(held, now=UNTIL)
        assert stored(held).ends_at == BORN + 7 * DAY
