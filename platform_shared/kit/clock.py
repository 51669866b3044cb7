"""The one place that asks the machine for the time; everyone else is handed ``now``."""

from datetime import UTC, date, datetime, time
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


def is_time_zone(name: str) -> bool:
    """Return whether ``name`` is an IANA time zone of this installation."""
    return name in available_timezones() - _NO_PLACES
