"""Rows that can be followed: none appears behind a reader who has got as far as some place.

An id is made before the commit, and whoever follows ids passes the row that commits late. Here a
row knows the transaction that wrote it, and a reader looks only at what is below ``horizon``: of
those transactions none is open any more, so of what they wrote nothing is missing.
"""

import base64
import binascii
import struct
from typing import Any, NamedTuple, Self
from uuid import UUID

from django.db import connection, migrations, models
from django.db.models import F, Model, QuerySet, Value
from django.db.models.fields.tuple_lookups import TupleGreaterThan

_BYTES = struct.Struct(">Q16s")
_NOW = "pg_current_xact_id()::text::bigint"


class RecordedIn(models.BigIntegerField):  # type: ignore[type-arg]
    """The transaction that inserted the row, filled in by the database.

    Django leaves generated fields out of what it writes, and asks for none of this one in return:
    a RETURNING would cost a batch a round trip. The column is made by ``record_transaction``;
    what else is said here is what Django asks every generated field when a model is validated or
    its migrations are written.
    """

    generated = True
    db_returning = False
    expression = Value(0)
    output_field = models.BigIntegerField()
    referenced_fields: frozenset[Any] = frozenset()


class Position(NamedTuple):
    """A place between two rows: behind the one with this transaction and id."""

    recorded_in: int
    id: UUID

    def encode(self) -> str:
        """Return the position as clients keep it: 32 characters that are fit for a URL."""
        packed = _BYTES.pack(self.recorded_in, self.id.bytes)
        return base64.urlsafe_b64encode(packed).decode()

    @classmethod
    def decode(cls, text: str) -> Self:
        """Return the position.

        Raises:
            ValueError: the text is none that ``encode`` makes.
        """
        try:
            packed = base64.b64decode(text.encode("ascii"), altchars=b"-_", validate=True)
            recorded_in, raw_id = _BYTES.unpack(packed)
        except (UnicodeEncodeError, binascii.Error, struct.error) as error:
            raise ValueError("not a position") from error
        position = cls(recorded_in, UUID(bytes=raw_id))
        if position.encode() != text:  # plain Base64 is read as well
            raise ValueError("not a position")
        return position


START = Position(0, UUID(int=0))


def record_transaction(model: str, table: str) -> migrations.RunSQL:
    """Return the migration operation that adds ``recorded_in`` to the table of ``model``.

    Rows that are there already get 0 and come before all others, by id; neither step writes them.
    Were the default there from the start, all of them would say that the migration wrote them.
    """
    return migrations.RunSQL(
        f"ALTER TABLE {table} ADD COLUMN recorded_in bigint NOT NULL DEFAULT 0;"
        f"ALTER TABLE {table} ALTER COLUMN recorded_in SET DEFAULT {_NOW}",
        f"ALTER TABLE {table} DROP COLUMN recorded_in",
        state_operations=[migrations.AddField(model, "recorded_in", RecordedIn())],
    )


def horizon() -> int:
    """Return the oldest transaction of the whole cluster that is still writing, or the next one.

    Every row below it is visible to all later statements. It goes back in one case: after a crash,
    the ids of transactions that left nothing on disk are given out again.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
        (oldest,) = cursor.fetchone()
        return int(oldest)


def rows_after[M: Model](rows: QuerySet[M, M], position: Position, below: int) -> QuerySet[M, M]:
    """Return the rows behind ``position`` and below a horizon, in the order to read them."""
    behind = TupleGreaterThan((F("recorded_in"), F("id")), position)
    return rows.filter(behind, recorded_in__lt=below).order_by("recorded_in", "id")


def last_position(rows: QuerySet[Any, Any], below: int) -> Position:
    """Return the position behind the last of the rows below a horizon, or the start."""
    found = rows.filter(recorded_in__lt=below).order_by("-recorded_in", "-id")
    return Position(*(found.values_list("recorded_in", "id").first() or START))
