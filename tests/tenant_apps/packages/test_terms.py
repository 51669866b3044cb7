"""How long a package lasts and when it opens the door, by the club's calendar."""

from datetime import UTC, datetime, time
from typing import Any

import pytest

from platform_shared.kit.money import Money
from tenant_apps.packages.models import Package
from tenant_apps.packages.terms import TERMS_FIELDS, AccessRule, copy_of, end_of, is_open

BERLIN = "Europe/Berlin"


def berlin(day: int, hour: int, minute: int = 0) -> datetime:
    """Return a moment of March 2026 in Berlin, in UTC; the 2nd is a Monday in winter time."""
    return datetime(2026, 3, day, hour - 1, minute, tzinfo=UTC)


def rule(**fields: Any) -> AccessRule:
    return AccessRule.from_json({"weekdays": [1, 2], "from": "09:00", "until": "17:00"} | fields)


class TestAccessRule:
    def test_is_read_from_what_is_stored(self) -> None:
        assert rule() == AccessRule((1, 2), time(9), time(17))
        assert rule(until=None).until is None

    @pytest.mark.parametrize(
        ("moment", "allowed"),
        [
            (berlin(2, 9), True),
            (berlin(2, 16, 59), True),
            (berlin(3, 12), True),
            (berlin(2, 8, 59), False),
            (berlin(2, 17), False),  # half-open
            (berlin(4, 12), False),  # a Wednesday
        ],
    )
    def test_lets_in_on_its_days_and_hours(self, moment: datetime, allowed: bool) -> None:
        assert is_open([rule()], moment, BERLIN) is allowed

    def test_lasts_to_the_end_of_the_day_unless_told(self) -> None:
        assert is_open([rule(until=None)], berlin(2, 23, 59), BERLIN)
        assert not is_open([rule(until=None)], berlin(2, 8), BERLIN)


class TestIsOpen:
    def test_is_always_so_without_rules(self) -> None:
        assert is_open([], berlin(8, 3), BERLIN)

    def test_needs_one_rule_that_lets_in(self) -> None:
        rules = [rule(), rule(weekdays=[7], until=None)]
        assert is_open(rules, berlin(8, 22), BERLIN)
        assert not is_open(rules, berlin(7, 12), BERLIN)

    def test_goes_by_the_clocks_of_the_club(self) -> None:
        moment = datetime(2026, 3, 2, 8, 30, tzinfo=UTC)
        assert is_open([rule()], moment, BERLIN)
        assert not is_open([rule()], moment, "Europe/London")


class TestEndOf:
    @pytest.mark.parametrize(
        ("start", "unit", "count", "end"),
        [
            (berlin(2, 9), "day", 10, berlin(12, 9)),
            (berlin(2, 9), "week", 2, berlin(16, 9)),
            # Over the change to summer time the hour on the wall stays.
            (berlin(2, 9), "month", 1, datetime(2026, 4, 2, 7, 0, tzinfo=UTC)),
            (berlin(2, 9), "year", 1, datetime(2027, 3, 2, 8, 0, tzinfo=UTC)),
            # The last day of a shorter month.
            (
                datetime(2026, 3, 31, 10, tzinfo=UTC),
                "month",
                1,
                datetime(2026, 4, 30, 10, tzinfo=UTC),
            ),
            (
                datetime(2028, 2, 29, 9, 0, tzinfo=UTC),
                "year",
                1,
                datetime(2029, 2, 28, 9, tzinfo=UTC),
            ),
        ],
    )
    def test_counts_by_the_calendar(
        self, start: datetime, unit: str, count: int, end: datetime
    ) -> None:
        assert end_of(start, unit, count, BERLIN) == end


class TestTerms:
    def package(self, **fields: Any) -> Package:
        return Package(
            **{
                "type": "period",
                "price_amount": 4900,
                "price_currency": "EUR",
                "duration_unit": "month",
                "duration_count": 3,
                **fields,
            }
        )

    def test_have_a_price_and_a_duration(self) -> None:
        assert self.package().price == Money(4900, "EUR")
        assert self.package().duration == {"unit": "month", "count": 3}
        assert self.package(duration_unit=None, duration_count=None).duration is None

    def test_say_when_what_they_began_ends(self) -> None:
        end = self.package().end_from(berlin(2, 9), BERLIN)
        assert end == datetime(2026, 6, 2, 7, 0, tzinfo=UTC)
        endless = self.package(duration_unit=None, duration_count=None)
        assert endless.end_from(berlin(2, 9), BERLIN) is None

    def test_read_their_rules(self) -> None:
        stored = [{"weekdays": [1], "from": "09:00"}]
        assert self.package(access_rules=stored).rules == (AccessRule((1,), time(9), None),)

    def test_are_copied_whole(self) -> None:
        package = self.package(features=["sauna"])
        copied = copy_of(package)
        assert set(copied) == set(TERMS_FIELDS)
        assert copied["features"] == ["sauna"]
        assert copied["duration_count"] == 3
