"""What the running request or task is about, for log lines and problem documents."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)
club_slug: ContextVar[str | None] = ContextVar("club_slug", default=None)
user_id: ContextVar[str | None] = ContextVar("user_id", default=None)


@contextmanager
def caused_by(cause: str) -> Iterator[None]:
    """Say inside the block that it is about the request with the id ``cause``, if there is one."""
    token = request_id.set(cause or request_id.get())
    try:
        yield
    finally:
        request_id.reset(token)
