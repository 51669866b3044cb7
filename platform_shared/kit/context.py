"""What the running request or task is about, for log lines and problem documents."""

from contextvars import ContextVar

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)
club_slug: ContextVar[str | None] = ContextVar("club_slug", default=None)
club_id: ContextVar[str | None] = ContextVar("club_id", default=None)
user_id: ContextVar[str | None] = ContextVar("user_id", default=None)
