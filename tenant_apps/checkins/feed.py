"""What happened at the door, for whoever follows it: check-ins and annulments, oldest first."""

from dataclasses import dataclass
from operator import attrgetter

from platform_shared.kit.errors import FieldError, InvalidInput
from platform_shared.tenancy import commit_order
from platform_shared.tenancy.commit_order import Position
from tenant_apps.checkins import selectors
from tenant_apps.checkins.enums import EventType
from tenant_apps.checkins.models import Annulment, CheckIn


@dataclass(frozen=True, slots=True)
class Event:
    """A check-in's row as it is now, and what happened to it."""

    type: EventType
    position: Position
    check_in: CheckIn
    annulment: Annulment | None


@dataclass(frozen=True, slots=True)
class Page:
    """Some events, where to go on, and whether there is more to read at once."""

    events: list[Event]
    next: Position
    more: bool


def read(*, after: Position | None, limit: int) -> Page:
    """Return up to ``limit`` events behind ``after``; without it, none, and where the feed ends.

    Who goes on from ``next`` each time gets every event once, whatever order they commit in. It
    always stands behind a row and never at the horizon: rows are on disk, while transaction ids
    that wrote nothing are given out again after a crash. Three queries.

    Raises:
        InvalidInput: ``after`` is ahead of the database, so it was not given out by it.
    """
    horizon = commit_order.horizon()
    check_ins, annulments = selectors.list_check_ins(), selectors.list_annulments()
    if after is None:
        ends = (commit_order.last_position(rows, horizon) for rows in (check_ins, annulments))
        return Page([], max(ends), more=False)
    if after.recorded_in >= horizon:
        raise InvalidInput(FieldError("after", "invalid", "Not a cursor of this feed."))
    events = [
        Event(EventType.CHECK_IN, Position(row.recorded_in, row.id), row, None)
        for row in commit_order.rows_after(check_ins, after, horizon)[: limit + 1]
    ] + [
        Event(EventType.ANNULMENT, Position(row.recorded_in, row.id), row.check_in, row)
        for row in commit_order.rows_after(annulments, after, horizon)[: limit + 1]
    ]
    events.sort(key=attrgetter("position"))
    page = events[:limit]
    return Page(page, page[-1].position if page else after, more=len(events) > limit)
