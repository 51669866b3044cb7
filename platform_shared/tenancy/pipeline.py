"""Several statements for one round trip (PostgreSQL's pipeline mode), each compiled once.

Begin, bind, lock and load of a scan travel together: each statement still has its own snapshot
(READ COMMITTED), so what is loaded after the lock is what the lock protects.

Making SQL of a queryset takes Python longer than running it takes PostgreSQL. So what travels in a
batch is a ``Statement``: its SQL is made once a process, by Django, and is sent as a prepared
statement, which PostgreSQL plans once a connection (and again when that serves another club).
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import Enum
from functools import cached_property, lru_cache, partial
from typing import TYPE_CHECKING, Any, cast

from django.db import DEFAULT_DB_ALIAS, connection, connections
from django.db.models import Expression, Model, QuerySet
from django.db.models.expressions import DatabaseDefault
from django.db.models.query import FlatValuesListIterable, ModelIterable, ValuesListIterable
from psycopg import Cursor
from psycopg.pq import TransactionStatus
from psycopg.sql import Literal

from platform_shared.kit import tracing

if TYPE_CHECKING:
    from platform_shared.tenancy.postgres.base import DatabaseWrapper


_PLACE = re.compile("%%|%s")


class Param(Expression):
    """A value that a ``Statement`` is given by this name each time it is sent."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        return "%s", [self]


# What a selector that statements are built of takes in the place of a value.
type Given[T] = T | Param


class Statement[T]:
    """A queryset to be sent again and again, with other values for its ``Param``s.

    It gives models (without related ones), tuples (``values_list``) or single values (``flat``).
    """

    def __init__(self, queryset: QuerySet[Any, T]) -> None:
        self._queryset = queryset

    @cached_property
    def _compiled(self) -> tuple[str, list[str], Callable[[Any], T]]:
        """The SQL, the names of its parameters, and what makes a row of a result."""
        queryset: Any = self._queryset
        compiler = queryset.query.get_compiler(connection=connection)
        sql, params = compiler.as_sql()
        # Constants are a part of the text: a plan that is made for any value could not use an index
        # that has a condition, nor know how many rows have that status.
        places = iter(["%s" if isinstance(p, Param) else _literal(p) for p in params])
        names = [p.name for p in params if isinstance(p, Param)]
        text = _PLACE.sub(lambda found: found[0] if found[0] == "%%" else next(places), sql)
        return text, names, _reader(queryset, compiler)

    def bind(self, values: dict[str, Any]) -> tuple[str, list[Any]]:
        """Return the SQL and its parameters.

        Raises:
            KeyError: a value is missing.
        """
        sql, names, _ = self._compiled
        return sql, [values[name] for name in names]

    def read(self, row: Any) -> T:
        """Return what the queryset would have made of one row of the result."""
        return self._compiled[2](row)


def _literal(constant: Any) -> str:
    # The driver would take an enum for a type of the database's.
    value = constant.value if isinstance(constant, Enum) else constant
    return Literal(value).as_string(None).replace("%", "%%")


def _reader(queryset: Any, compiler: Any) -> Callable[[Any], Any]:
    found = compiler.get_converters(expression for expression, _, _ in compiler.select)
    converters = list(found.items())

    def convert(row: Any) -> list[Any]:
        values = list(row)
        for place, (functions, expression) in converters:
            for function in functions:
                values[place] = function(values[place], expression, connection)
        return values

    kind = queryset._iterable_class
    if kind is FlatValuesListIterable:
        return lambda row: convert(row)[0]
    if kind is ValuesListIterable:
        return lambda row: tuple(convert(row))
    # What has annotations or related models would need more of Django's work than is done here.
    info = compiler.klass_info
    if kind is not ModelIterable or info.get("related_klass_infos") or compiler.annotation_col_map:
        raise TypeError("a statement gives plain models, tuples or single values")
    names = [compiler.select[place][0].target.attname for place in info["select_fields"]]
    return lambda row: info["model"].from_db(DEFAULT_DB_ALIAS, names, convert(row))


class Rows[T]:
    """A statement's rows, there once the batch has ended."""

    def __init__(self, statement: Statement[T], cursor: Cursor[Any]) -> None:
        self._statement = statement
        self._cursor = cursor
        self._rows: list[T] | None = None

    def collect(self) -> None:
        """Take the rows off the cursor."""
        self._rows = [self._statement.read(row) for row in self._cursor.fetchall()]
        self._cursor.close()

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
        self._waiting: list[Rows[Any]] = []
        # This thread's; the proxy of that name looks it up each time it is asked for anything.
        self._connection: Any = connections[DEFAULT_DB_ALIAS]

    def fetch[T](self, statement: Statement[T], **values: Any) -> Rows[T]:
        """Send a statement with these values."""
        rows = Rows(statement, self._send(*statement.bind(values)))
        self._waiting.append(rows)
        return rows

    def execute(self, sql: str, params: tuple[Any, ...] = ()) -> None:
        """Send a statement whose rows nobody wants; ``sql`` is a constant."""
        self._send(sql, params)

    def insert(self, row: Model) -> None:
        """Send an INSERT of one new row, whose values are all known here or the database's own."""
        columns, params = [], []
        for field in row._meta.concrete_fields:
            value = None if field.generated else field.pre_save(row, True)
            if not field.generated and not isinstance(value, DatabaseDefault):
                columns.append(field.column)
                params.append(field.get_db_prep_save(value, self._connection))
        self._send(_insert_sql(row._meta.db_table, tuple(columns)), params)
        row._state.adding, row._state.db = False, DEFAULT_DB_ALIAS

    def collect(self) -> None:
        for rows in self._waiting:
            rows.collect()

    def _send(self, sql: str, params: Any) -> Cursor[Any]:
        # A cursor each: in pipeline mode results that arrive early are lost to the next statement.
        cursor: Cursor[Any] = Cursor(self._connection.connection)
        execute: Callable[..., Any] = partial(_execute, cursor)
        for wrapper in reversed(self._connection.execute_wrappers):
            execute = partial(wrapper, execute)
        execute(sql, params, False, {"connection": self._connection, "cursor": cursor})
        return cursor


def _execute(cursor: Cursor[Any], sql: str, params: Any, many: bool, context: Any) -> None:
    cursor.execute(sql, params, prepare=True)


@lru_cache
def _insert_sql(table: str, columns: tuple[str, ...]) -> str:
    quote = connection.ops.quote_name
    names = ", ".join(quote(column) for column in columns)
    places = ", ".join(["%s"] * len(columns))
    return f"INSERT INTO {quote(table)} ({names}) VALUES ({places})"  # noqa: S608


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
        cast("DatabaseWrapper", connection).apply_binding()
        yield current
    current.collect()
