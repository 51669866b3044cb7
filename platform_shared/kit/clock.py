"""The one place that asks the machine for the time; everyone else is handed ``now``."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

# Names that a system's zone directory may have beside the database's own: what they mean depends
# on the machine, or on nobody.
_NO_PLACES = frozenset({"localtime", "posixrules", "Factory"})


def now() -> datetime:
    """Return the current time, aware, in UTC."""
    return datetime.now(UTC)


def local_date(moment: datetime, time_zone: str) -> date:
    """Return the calendar date that ``moment`` falls on in ``time_zone`` (an IANA name)."""
    return moment.astimezone(ZoneInfo(time_zone)).date()


def start_of(day: date, time_zone: str) -> datetime:
    """Return the first moment of ``day`` in ``time_zone``, in UTC.

    Where midnight does not exist (a clock put forward at midnight) it is the first moment after
    the gap; where it comes twice, the first of the two (both by PEP 495, fold 0).
    """
    return datetime.combine(day, time.min, tzinfo=ZoneInfo(time_zone)).astimezone(UTC)


def last_night(now: datetime, night_at: time, time_zone: str) -> datetime:
    """Return the latest moment up to ``now`` at which the clocks there read ``night_at``, in UTC.

    Where they read it twice on a day, each of the two is one. Where they jumped over it, it is the
    moment at which they would have read it without the jump (RFC 5545, 3.3.5; PEP 495, fold 0).
    """
    zone = ZoneInfo(time_zone)
    today = now.astimezone(zone).date()
    # A jump across midnight puts a night up to two dates back, one taken back a date ahead.
    days = [today + timedelta(days=offset) for offset in (-2, -1, 0, 1)]
    nights = []
    for day in days:
        local = datetime.combine(day, night_at, tzinfo=zone)
        first, second = local.astimezone(UTC), local.replace(fold=1).astimezone(UTC)
        nights += [first, max(first, second)]  # of a time jumped over, the second comes earlier
    return max(night for night in nights if night <= now)


def is_time_zone(name: str) -> bool:
    """Return whether ``name`` is an IANA time zone of this installation."""
    return name in available_timezones() - _NO_PLACES
