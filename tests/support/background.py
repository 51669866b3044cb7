"""Doing in process, at once, what the workers would do."""

from collections.abc import Iterator
from contextlib import contextmanager

from platform_shared.outbox import tasks
from platform_shared.project.celery import app


@contextmanager
def eagerly() -> Iterator[None]:
    """Run what is sent inside the block at once, in this process."""
    app.conf.task_always_eager = True
    try:
        yield
    finally:
        app.conf.task_always_eager = False


def relay() -> int:
    """Deliver what is in the outbox now; return how many events that were."""
    with eagerly():
        delivered: int = tasks.relay.delay().get()
    return delivered
