"""Several statements for one round trip (PostgreSQL's pipeline mode).

Begin, bind, lock and load of a scan travel together: each statement still has its own snapshot
(READ COMMITTED), so what is loaded after the lock is what the lock protects.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection
from django.db.models import Model, QuerySet
from psycopg.pq import TransactionStatus

from platform_shared.kit import tracing


class Deferred[T]:
    """A queryset's rows, there once the batch has ended."""

    def __init__(self, queryset: QuerySet[Any, T]) -> None:
        self._queryset = queryset.all()
        self._compiler = self._queryset.query.get_compiler(connection=connection)
        sql, params = self._compiler.as_sql()
        self._cursor = connection.cursor()
        self._cursor.execute(sql, params)
        self._rows: list[T] | None = None

    def collect(self) -> None:
        """Take the rows off the cursor and make of them what the queryset would have made."""
        rows = self._cursor.fetchall()
        self._cursor.close()
        compiler: Any = self._compiler
        query: Any = self._queryset.query
        # The queryset asks its query for a compiler and that for rows: it gets this one, which
        # has been executed already, so that converters and related objects stay Django's work.
        compiler.execute_sql = lambda *args, **kwargs: [rows]
        query.get_compiler = lambda *args, **kwargs: compiler
        self._rows = list(self._queryset)

    def all(self) -> list[T]:
        """Return the rows.

        Raises:
            RuntimeError: asked inside the batch, when nothing has come back yet.
        """
        if self._rows is None:
            raise RuntimeError("the batch has not ended yet")
        return self._rows

    def one(self) -> T | None:
        """Return the first row, or None."""
        return next(iter(self.all()), None)


class Batch:
    """Statements on their way; nothing is known of any of them before the batch ends."""

    def __init__(self) -> None:
        self._waiting: list[Deferred[Any]] = []

    def fetch[T](self, queryset: QuerySet[Any, T]) -> Deferred[T]:
        """Send a queryset's statement."""
        deferred = Deferred(queryset)
        self._waiting.append(deferred)
        return deferred

    def execute(self, sql: str, params: tuple[Any, ...] = ()) -> None:
        """Send a statement whose rows nobody wants."""
        with connection.cursor() as cursor:
            cursor.execute(sql, params)

    def insert(self, row: Model) -> None:
        """Send an INSERT of one new row whose every value is known here."""
        row.save(force_insert=True)

    def collect(self) -> None:
        for deferred in self._waiting:
            deferred.collect()


@contextmanager
def batch() -> Iterator[Batch]:
    """Open a batch inside a transaction; leaving the block is the one round trip.

    Raises:
        django.db.Error: of the first statement that failed; those after it did not run.
    """
    connection.ensure_connection()
    raw = connection.connection
    # psycopg begins a transaction by itself, and in a pipeline it waits for that: a round trip.
    # In its autocommit mode it leaves BEGIN to us; commit, rollback and Django's own bookkeeping
    # go by what the server says, and Django sets the mode again when the transaction ends.
    begins = not raw.autocommit and raw.info.transaction_status == TransactionStatus.IDLE
    if begins:
        raw.autocommit = True
    current = Batch()
    with tracing.span("pipeline"), connection.wrap_database_errors, raw.pipeline():
        if begins:
            raw.execute("BEGIN")
        yield current
    current.collect()
