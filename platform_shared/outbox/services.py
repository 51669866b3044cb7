"""The outbox: services emit events in their own transaction, a task hands them to who listens."""

import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import Enum
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Case, Exists, F, OuterRef, Q, QuerySet, When, Window
from django.db.models.functions import RowNumber

from platform_shared.kit import claims, locks
from platform_shared.outbox.models import Event
from platform_shared.tenancy import binding

FIRST_RETRY = timedelta(seconds=10)
LONGEST_RETRY = timedelta(hours=6)
AT_ONCE = 50  # of one club; at 20 mails a second, what another's waits for is 2.5 seconds
MAX_INTEGER = 2**53  # what every reader of JSON keeps exactly
NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
Handler = Callable[[Event, datetime], None]

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Subscriber:
    """Who is told of a kind of events, and whether inside a transaction."""

    handler: Handler
    transactional: bool


_subscribers: dict[str, dict[str, Subscriber]] = {}


def subscribe(kind: str, name: str, handler: Handler, *, transactional: bool = True) -> None:
    """Have ``handler(event, now)`` told of events of ``kind``, bound to the event's club.

    ``kind`` and ``name`` are permanent: rows keep both. The handler runs in the transaction that
    crosses the subscriber off, so what it writes is written once. One that reaches outside the
    database is not ``transactional``: it runs outside any, before the subscriber is crossed off,
    and again if the worker dies in between.
    """
    _subscribers.setdefault(kind, {})[name] = Subscriber(handler, transactional)


def subscribers(kind: str) -> frozenset[str]:
    """Return the names of those who listen to ``kind``."""
    return frozenset(_subscribers.get(kind, ()))


def emit(
    *, kind: str, subject_id: UUID, now: datetime, data: Mapping[str, object] | None = None
) -> None:
    """Say in the caller's transaction that something has happened at whoever is bound.

    ``data`` maps names to ids, integers, dates, times, booleans, None or members of an enum: no
    text, so no personal data. A kind that nobody listens to leaves no row.

    Raises:
        TypeError: a value is of another type.
        ValueError: a name or an integer is out of bounds.
    """
    stored = {_name(name): _plain(name, value) for name, value in (data or {}).items()}
    waiting = subscribers(kind)
    if not waiting:
        return
    Event.objects.create(
        club_id=_bound_club_id(),
        kind=kind,
        subject_id=subject_id,
        data=stored,
        occurred_at=now,
        waiting=sorted(waiting),
        due_at=now,
    )


def is_waiting(*, kind: str, subject_id: UUID) -> bool:
    """Return whether somebody has yet to hear an event of ``kind`` about the subject."""
    return Event.objects.filter(kind=kind, subject_id=subject_id, club_id=_bound_club_id()).exists()


def _name(name: str) -> str:
    if not NAME.fullmatch(name):
        raise ValueError(f"{name!r} is no name for a value of an event")
    return name


def _plain(name: str, value: object) -> Any:
    """Return a value as JSON keeps it."""
    if isinstance(value, Enum) and isinstance(value.value, str):
        return value.value
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        if abs(value) > MAX_INTEGER:
            raise ValueError(f"{name} is too large")
        return value
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, date):  # a datetime is one, too
        return value.isoformat()
    raise TypeError(f"{name}: an event holds ids, not a {type(value).__name__}")


def _bound_club_id() -> UUID | None:
    """Return the bound club's id, or None for the platform."""
    return None if binding.scope() == binding.PLATFORM else binding.current_club().id


def claim(*, now: datetime, limit: int = claims.BATCH) -> list[Event]:
    """Return events that are due and that no other relay has claimed, now claimed.

    An event waits while an older one of its subject has not been tried or is being delivered, so
    that those of one subject are first tried in their order. One that has failed holds up nobody.
    And it waits while ``AT_ONCE`` of its club are on their way: the queue behind us is served in
    its order, and whatever is caused at one club by the thousand would stand before all the others.

    Locks: the events, skipping those that another relay holds.
    """
    return claims.claim(Event.objects.filter(pk__in=_fair_share(now)), now=now, limit=limit)


def _fair_share(now: datetime) -> QuerySet[Event, Any]:
    """Return the ids of each club's oldest, those that are on their way counted first."""
    under_way = Q(claimed_until__gt=now)
    ours = _whose_turn_it_is(now).filter(due_at__lte=now) | Event.objects.filter(under_way)
    order = (Case(When(under_way, then=0), default=1), F("due_at"), F("pk"))
    place = Window(RowNumber(), partition_by="club_id", order_by=order)
    return ours.annotate(place=place).filter(place__lte=AT_ONCE).values("pk")


def _whose_turn_it_is(now: datetime) -> QuerySet[Event]:
    """Return the events that no older one of their subject holds up."""
    untried = Q(attempts=0) | Q(claimed_until__gt=now)
    older = Event.objects.filter(untried, subject_id=OuterRef("subject_id"), pk__lt=OuterRef("pk"))
    return Event.objects.filter(~Exists(older))


def deliver(*, event_id: UUID, now: datetime) -> bool:
    """Hand an event of whoever is bound to those who wait for it; return whether there was one.

    Those who have had it are crossed off, and with the last one the event is gone. Those whose
    handler fails get it again, later each time; the others do not notice.

    Locks: the event's id (advisory), so that of two tasks for it one finds nothing to do; then
    what the handlers lock, each in a transaction of its own; the row last.
    Idempotent by: the subscribers that the event still names.
    """
    with locks.held("outbox", str(event_id)) as ours:
        if not ours:
            return False
        event = Event.objects.filter(pk=event_id, club_id=_bound_club_id(), due_at__lte=now).first()
        if event is None:
            return False
        for name in list(event.waiting):
            _hand_over(event, name, now)
        if event.waiting:
            due_at = now + retry_after(event.attempts)
            Event.objects.filter(pk=event.pk).update(claimed_until=None, due_at=due_at)
        return True


def retry_after(attempts: int) -> timedelta:
    """Return how long an event that has failed ``attempts`` times is left alone."""
    return min(FIRST_RETRY * (1 << min(max(attempts - 1, 0), 12)), LONGEST_RETRY)


def _hand_over(event: Event, name: str, now: datetime) -> None:
    """Tell one subscriber and cross it off, or leave it and say why in the log."""
    try:
        subscriber = _subscribers.get(event.kind, {}).get(name)
        if subscriber is None:
            raise LookupError(f"nobody is called {name!r} among those who hear {event.kind!r}")
        if not subscriber.transactional:
            subscriber.handler(event, now)
        with transaction.atomic(durable=True):
            if subscriber.transactional:
                subscriber.handler(event, now)
            _cross_off(event, name)
    except Exception:
        logger.exception(
            "An event was not delivered",
            extra={"event": str(event.pk), "kind": event.kind, "subscriber": name},
        )
        return
    event.waiting.remove(name)


def _cross_off(event: Event, name: str) -> None:
    left = [waiting for waiting in event.waiting if waiting != name]
    row = Event.objects.filter(pk=event.pk)
    if left:
        row.update(waiting=left)
    else:
        row.delete()
