"""A club's dates begin when its clocks say so, daylight saving included."""

from datetime import UTC, date, datetime, time, timedelta
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


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def last_seen(now: datetime, night_at: time, zone: str) -> datetime:
    """Return when the clock there last showed ``night_at``, by looking at it minute by minute."""
    moment = now.replace(second=0, microsecond=0)
    while moment.astimezone(ZoneInfo(zone)).time() != night_at:
        moment -= timedelta(minutes=1)
    return moment


class TestLastNight:
    @pytest.mark.parametrize(
        ("zone", "night_at", "now", "night"),
        [
            ("UTC", "04:00", "2026-07-01 04:00", "2026-07-01 04:00"),
            ("UTC", "04:00", "2026-07-01 03:59:59.999999", "2026-06-30 04:00"),
            ("UTC", "00:00", "2026-07-01 00:00", "2026-07-01 00:00"),
            # One moment, and twenty-four hours between the clocks.
            ("Pacific/Kiritimati", "04:00", "2026-07-01 13:59", "2026-06-30 14:00"),
            ("Pacific/Kiritimati", "04:00", "2026-07-01 14:00", "2026-07-01 14:00"),
            ("Pacific/Honolulu", "04:00", "2026-07-01 13:59", "2026-06-30 14:00"),
            ("Pacific/Honolulu", "04:00", "2026-07-01 14:00", "2026-07-01 14:00"),
            # The night of a change of clocks is 23 or 25 hours after the one before.
            ("Europe/Berlin", "04:00", "2026-03-29 01:59", "2026-03-28 03:00"),
            ("Europe/Berlin", "04:00", "2026-03-29 02:00", "2026-03-29 02:00"),
            ("Europe/Berlin", "04:00", "2026-10-25 02:59", "2026-10-24 02:00"),
            ("Europe/Berlin", "04:00", "2026-10-25 03:00", "2026-10-25 03:00"),
            # Half past two does not come: it is when it would have come, at half past three.
            ("Europe/Berlin", "02:30", "2026-03-29 01:29", "2026-03-28 01:30"),
            ("Europe/Berlin", "02:30", "2026-03-29 01:30", "2026-03-29 01:30"),
            ("Europe/Berlin", "02:30", "2026-03-30 00:29", "2026-03-29 01:30"),
            # Half past two comes twice.
            ("Europe/Berlin", "02:30", "2026-10-25 00:29", "2026-10-24 00:30"),
            ("Europe/Berlin", "02:30", "2026-10-25 00:30", "2026-10-25 00:30"),
            ("Europe/Berlin", "02:30", "2026-10-25 01:29", "2026-10-25 00:30"),
            ("Europe/Berlin", "02:30", "2026-10-25 01:30", "2026-10-25 01:30"),
            # Half an hour forward at two, half an hour back at two.
            ("Australia/Lord_Howe", "02:15", "2026-10-03 15:44", "2026-10-02 15:45"),
            ("Australia/Lord_Howe", "02:15", "2026-10-03 15:45", "2026-10-03 15:45"),
            ("Australia/Lord_Howe", "01:45", "2026-04-04 15:14", "2026-04-04 14:45"),
            ("Australia/Lord_Howe", "01:45", "2026-04-04 15:15", "2026-04-04 15:15"),
            # Put back across midnight: the night was on a date that is tomorrow again.
            ("America/St_Johns", "00:00", "2010-11-07 02:45", "2010-11-07 02:30"),
            # Put forward across midnight: yesterday's night is still to come.
            ("America/Toronto", "23:45", "1919-03-31 04:40", "1919-03-30 04:45"),
            # A date that did not exist has the night of the next one.
            ("Pacific/Apia", "04:00", "2011-12-30 13:59", "2011-12-29 14:00"),
            ("Pacific/Apia", "04:00", "2011-12-30 14:00", "2011-12-30 14:00"),
        ],
    )
    def test_is_the_latest_moment_at_which_the_clock_read_it(
        self, zone: str, night_at: str, now: str, night: str
    ) -> None:
        found = clock.last_night(utc(now), time.fromisoformat(night_at), zone)
        assert found == utc(night)

    @pytest.mark.parametrize(
        ("zone", "change", "night_at"),
        [
            ("Europe/Berlin", datetime(2026, 3, 29, 1, tzinfo=UTC), time(3, 0)),
            ("Europe/Berlin", datetime(2026, 10, 25, 1, tzinfo=UTC), time(2, 59)),
            ("America/New_York", datetime(2026, 11, 1, 6, tzinfo=UTC), time(1, 0)),
            ("Australia/Lord_Howe", datetime(2026, 4, 4, 15, tzinfo=UTC), time(1, 30)),
            ("Australia/Lord_Howe", datetime(2026, 10, 3, 15, 30, tzinfo=UTC), time(2, 30)),
            ("America/Havana", datetime(2026, 11, 1, 5, tzinfo=UTC), time(0, 30)),
            ("America/Sao_Paulo", datetime(2018, 2, 18, 2, tzinfo=UTC), time(23, 30)),
            ("America/St_Johns", datetime(2010, 11, 7, 2, 31, tzinfo=UTC), time(0, 0)),
            ("Pacific/Honolulu", datetime(2026, 3, 29, 1, tzinfo=UTC), time(0, 0)),
            ("Pacific/Kiritimati", datetime(2026, 3, 29, 1, tzinfo=UTC), time(23, 59)),
        ],
    )
    def test_is_what_a_look_at_the_clock_says_around_a_change(
        self, zone: str, change: datetime, night_at: time
    ) -> None:
        for minutes in range(-1800, 1800, 7):
            now = change + timedelta(minutes=minutes, seconds=3)
            assert clock.last_night(now, night_at, zone) == last_seen(now, night_at, zone)

    def test_comes_once_a_day_for_ten_years(self) -> None:
        for zone in ("Europe/Berlin", "America/Sao_Paulo", "Africa/Cairo", "Australia/Lord_Howe"):
            now = datetime(2026, 1, 1, tzinfo=UTC)
            for _ in range(3650):
                before = clock.last_night(now, time(4), zone)
                now = before - timedelta(microseconds=1)
                apart = before - clock.last_night(now, time(4), zone)
                assert timedelta(hours=23) <= apart <= timedelta(hours=25)


class TestIsTimeZone:
    @pytest.mark.parametrize(
        ("name", "known"),
        [("Europe/Berlin", True), ("UTC", True), ("Mars/Olympus", False), ("../etc", False)],
    )
    def test_knows_the_iana_names(self, name: str, known: bool) -> None:
        assert clock.is_time_zone(name) is known
