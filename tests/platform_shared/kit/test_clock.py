"""A club's dates begin when its clocks say so, daylight saving included."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from platform_shared.kit import clock


class TestNow:
    def test_is_aware_and_in_utc(self) -> None:
        before = datetime.now(UTC)
        now = clock.now()
        assert now.tzinfo is UTC
        assert before <= now <= datetime.now(UTC)


class TestLocalDate:
    @pytest.mark.parametrize(
        ("zone", "day"),
        [
            ("UTC", date(2026, 3, 1)),
            ("Asia/Tokyo", date(2026, 3, 2)),
            ("America/New_York", date(2026, 3, 1)),
            ("Pacific/Kiritimati", date(2026, 3, 2)),
        ],
    )
    def test_is_the_date_on_the_wall_there(self, zone: str, day: date) -> None:
        assert clock.local_date(datetime(2026, 3, 1, 23, 30, tzinfo=UTC), zone) == day


class TestStartOf:
    @pytest.mark.parametrize(
        ("zone", "day", "start"),
        [
            ("UTC", date(2026, 7, 1), datetime(2026, 7, 1, 0, 0, tzinfo=UTC)),
            # Clocks change at two or three in the morning: midnight is an ordinary one.
            ("Europe/Berlin", date(2026, 3, 29), datetime(2026, 3, 28, 23, 0, tzinfo=UTC)),
            ("Europe/Berlin", date(2026, 3, 30), datetime(2026, 3, 29, 22, 0, tzinfo=UTC)),
            ("America/New_York", date(2026, 11, 1), datetime(2026, 11, 1, 4, 0, tzinfo=UTC)),
            ("America/New_York", date(2026, 11, 2), datetime(2026, 11, 2, 5, 0, tzinfo=UTC)),
            # Put forward at midnight: the day begins at one o'clock.
            ("America/Sao_Paulo", date(2018, 11, 4), datetime(2018, 11, 4, 3, 0, tzinfo=UTC)),
            ("Asia/Beirut", date(2026, 3, 29), datetime(2026, 3, 28, 22, 0, tzinfo=UTC)),
            ("Africa/Cairo", date(2026, 4, 24), datetime(2026, 4, 23, 22, 0, tzinfo=UTC)),
            # Put back at midnight to the evening before: midnight comes once, later.
            ("America/Sao_Paulo", date(2018, 2, 18), datetime(2018, 2, 18, 3, 0, tzinfo=UTC)),
            # Put back from one o'clock to midnight: the first of the two.
            ("America/Havana", date(2026, 11, 1), datetime(2026, 11, 1, 4, 0, tzinfo=UTC)),
            # A date that did not exist there begins, and ends, where the next one begins.
            ("Pacific/Apia", date(2011, 12, 30), datetime(2011, 12, 30, 10, 0, tzinfo=UTC)),
            ("Pacific/Apia", date(2011, 12, 31), datetime(2011, 12, 30, 10, 0, tzinfo=UTC)),
        ],
    )
    def test_is_the_first_moment_of_the_day(self, zone: str, day: date, start: datetime) -> None:
        assert clock.start_of(day, zone) == start

    @pytest.mark.parametrize(
        "zone",
        [
            "Europe/Berlin",
            "America/Sao_Paulo",
            "Asia/Beirut",
            "America/Havana",
            "Asia/Tehran",
            "America/Asuncion",
            "Atlantic/Azores",
            "America/Nuuk",
            "Australia/Lord_Howe",
            "America/St_Johns",
        ],
    )
    def test_splits_ten_years_into_days_without_gap_or_overlap(self, zone: str) -> None:
        first = date(2016, 1, 1)
        starts = [clock.start_of(first + timedelta(days=n), zone) for n in range(3650)]
        for n, start in enumerate(starts):
            day = first + timedelta(days=n)
            assert start.astimezone(ZoneInfo(zone)).date() == day
            before = start - timedelta(microseconds=1)
            assert before.astimezone(ZoneInfo(zone)).date() == day - timedelta(days=1)


class TestIsTimeZone:
    @pytest.mark.parametrize(
        ("name", "known"),
        [("Europe/Berlin", True), ("UTC", True), ("Mars/Olympus", False), ("../etc", False)],
    )
    def test_knows_the_iana_names(self, name: str, known: bool) -> None:
        assert clock.is_time_zone(name) is known
