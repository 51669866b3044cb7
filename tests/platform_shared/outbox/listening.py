"""Listeners of the tests' own, and what stands in the outbox."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from platform_shared.kit.ids import new_id
from platform_shared.outbox import services
from platform_shared.outbox.models import Event

KIND = "tests.happened"
# Long before anything that the world has done.
AT = datetime(2020, 1, 1, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
Heard = list[UUID]
Listen = Callable[..., Heard]


def listener(monkeypatch: pytest.MonkeyPatch) -> Listen:
    """Return what subscribes a listener to ``KIND`` and returns the subjects that it hears of."""

    def listen(
        name: str = "listener",
        handler: Callable[[], object] = lambda: None,
        *,
        transactional: bool = True,
    ) -> Heard:
        heard: Heard = []

        def hear(event: Event, now: datetime) -> None:
            heard.append(event.subject_id)
            handler()

        known = services._subscribers.get(KIND, {})
        subscriber = services.Subscriber(hear, transactional)
        monkeypatch.setitem(services._subscribers, KIND, {**known, name: subscriber})
        return heard

    return listen


def put(*, subject: UUID | None = None, at: datetime = AT) -> Event:
    """Emit an event of whoever is bound; return it."""
    subject = subject or new_id()
    services.emit(kind=KIND, subject_id=subject, now=at)
    return Event.objects.filter(subject_id=subject).order_by("pk").last()


def left() -> int:
    """Return how many of the tests' events somebody still waits for."""
    return Event.objects.filter(kind=KIND).count()
