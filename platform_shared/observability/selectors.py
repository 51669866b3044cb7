from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from django.db import connection

from platform_shared.tenancy import binding

if TYPE_CHECKING:
    from platform_shared.tenancy.postgres.base import DatabaseWrapper

ANSWER_SECONDS = 5.0
BACKLOG = """
    SELECT (SELECT count(*) FROM outbox_event),
           (SELECT coalesce(extract(epoch FROM now() - min(occurred_at)), 0) FROM outbox_event),
           (SELECT count(*) FROM due_work_duework WHERE due_at <= now()),
           (SELECT coalesce(extract(epoch FROM now() - min(due_at)), 0)
              FROM due_work_duework WHERE due_at <= now()),
           (SELECT coalesce(json_object_agg(state, number), '{}') FROM (
              SELECT coalesce(state, 'unknown') AS state, count(*) AS number
              FROM pg_stat_activity
              WHERE datname = current_database() AND backend_type = 'client backend'
              GROUP BY 1) AS by_state),
           current_setting('max_connections')::integer
"""


@dataclass(frozen=True, slots=True)
class Backlog:
    """What waits, and the connections of this database by state; ages are in seconds."""

    events: int
    oldest_event_age: float
    overdue: int
    oldest_overdue_age: float
    connections: dict[str, int]
    max_connections: int


def get_backlog() -> Backlog:
    """Return how it stands, by one query on a connection that is closed again.

    Raises:
        django.db.DatabaseError: the database is away or does not answer.
    """
    database = cast("DatabaseWrapper", connection)
    try:
        with (
            binding.platform(),
            database.answering_within(ANSWER_SECONDS),
            database.cursor() as cursor,
        ):
            cursor.execute(BACKLOG)
            events, event_age, overdue, overdue_age, connections, most = cursor.fetchone()
    finally:
        database.close()
    return Backlog(events, float(event_age), overdue, float(overdue_age), connections, most)
