"""What a list can be ordered by, and where in it a row stands.

Places are compared as rows, ``(a, id) > (x, y)``: an index on the same columns answers that on
the last page as fast as on the first, and no row is skipped or repeated when others come or go.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import DateTimeField, F, Func, Q, QuerySet, TextField, Value
from django.db.models.functions import Cast, Coalesce
from django.db.models.lookups import (
    Exact,
    GreaterThan,
    GreaterThanOrEqual,
    LessThan,
    LessThanOrEqual,
)
from django.utils.timezone import is_naive


class Side(StrEnum):
    """Which rows of a list are meant, seen from a place in it."""

    AFTER = "after"
    BEFORE = "before"
    NOT_BEFORE = "not_before"
    NOT_AFTER = "not_after"

    @property
    def strict(self) -> "Side":
        """The same without the place itself."""
        return {Side.NOT_BEFORE: Side.AFTER, Side.NOT_AFTER: Side.BEFORE}.get(self, self)


_ASCENDING: dict[Side, type[Any]] = {
    Side.AFTER: GreaterThan,
    Side.BEFORE: LessThan,
    Side.NOT_BEFORE: GreaterThanOrEqual,
    Side.NOT_AFTER: LessThanOrEqual,
}
_DESCENDING: dict[Side, type[Any]] = {
    Side.AFTER: LessThan,
    Side.BEFORE: GreaterThan,
    Side.NOT_BEFORE: LessThanOrEqual,
    Side.NOT_AFTER: GreaterThanOrEqual,
}


def or_never(column: str) -> Coalesce:
    """Return a time column in which null is a time that never comes, and so has its place."""
    return Coalesce(column, never(), output_field=DateTimeField())


def never() -> Cast:
    """Return the time that is later than any other."""
    return Cast(Value("infinity"), DateTimeField())


@dataclass(frozen=True, slots=True)
class Sort:
    """Something to order by; its table has an index on ``columns`` and the id.

    Where a column may be null (``or_never``) such rows come last, or first in descending order,
    and the index is on ``or_never(column)``. ``newest_first``: of those that share the one column
    the last that was made comes first; for short lists, in which it does not matter that such rows
    are told apart one by one.
    """

    name: str
    columns: tuple[str, ...] = ()
    or_never: bool = False
    newest_first: bool = False

    def columns_and_id(self) -> tuple[str, ...]:
        """Return all that is compared; the id settles ties."""
        return (*self.columns, "id")

    def expressions(self) -> list[Any]:
        """Return what stands for them in a statement."""
        return [
            or_never(column) if self.or_never and column != "id" else F(column)
            for column in self.columns_and_id()
        ]


@dataclass(frozen=True, slots=True)
class Ordering:
    """A sort and its direction."""

    sort: Sort
    descending: bool

    def __str__(self) -> str:
        return f"-{self.sort.name}" if self.descending else self.sort.name

    def sorted(self, rows: QuerySet[Any], *, backwards: bool = False) -> QuerySet[Any]:
        """Return ``rows`` in this order, or from its end."""
        descending = self.descending != backwards
        *keys, by_id = self.sort.expressions()
        ordered = [key.desc() if descending else key.asc() for key in keys]
        last_first = descending != self.sort.newest_first
        return rows.order_by(*ordered, by_id.desc() if last_first else by_id.asc())

    def place_of(self, row: Any) -> list[str | None]:
        """Return where a row stands, as texts."""
        values = (getattr(row, column) for column in self.sort.columns_and_id())
        return [None if value is None else str(value) for value in values]

    def beside(self, rows: QuerySet[Any], side: Side, place: Sequence[Any]) -> QuerySet[Any]:
        """Return those of ``rows`` that are on one side of a place.

        Raises:
            ValueError: ``place`` is none of this ordering's.
        """
        fields = [rows.model._meta.get_field(name) for name in self.sort.columns_and_id()]
        values = [self._value(field, text) for field, text in zip(fields, place, strict=True)]
        there, opposite = _ASCENDING, _DESCENDING
        if self.descending:
            there, opposite = opposite, there
        keys = self.sort.expressions()
        if not self.sort.newest_first:
            return rows.filter(there[side](_row(keys), _row(values)))
        beyond = there[side.strict](keys[0], values[0])
        equal = Exact(keys[0], values[0]) & opposite[side](keys[1], values[1])
        return rows.filter(Q(beyond) | Q(equal))

    def _value(self, field: Any, text: Any) -> Any:
        if text is None and self.sort.or_never and field.null:
            return never()
        if not isinstance(text, str) or "\0" in text:
            raise ValueError("not a value")
        text.encode()  # half characters, which UTF-8 has no bytes for, are a ValueError too
        try:
            value = field.to_python(text)
            field.run_validators(value)
        except ValidationError as error:
            raise ValueError("not a value of the field") from error
        if isinstance(value, datetime):
            if is_naive(value):
                raise ValueError("not a moment")
            try:
                value = value.astimezone(UTC)  # the database has no such offset as +16:00
            except OverflowError as error:
                raise ValueError("not a moment of the calendar") from error
        return Value(value, output_field=field)


def _row(expressions: Sequence[Any]) -> Func:
    return Func(*expressions, function="ROW", output_field=TextField())


BY_ID = Sort("id")


def offered(sorts: Sequence[Sort]) -> dict[str, Ordering]:
    """Return the orderings by what the API calls them: each sort in both directions, and ids."""
    both = [Ordering(sort, descending) for sort in (*sorts, BY_ID) for descending in (False, True)]
    return {str(ordering): ordering for ordering in both}
