"""Customers as rows of a CSV file (RFC 4180, UTF-8): which columns, and what a cell holds."""

import csv
import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import IO, Any
from uuid import UUID

from rest_framework import serializers

from platform_shared.kit.errors import FieldError, InvalidInput
from platform_shared.kit.serializers import EmailField
from tenant_apps.customers.fields import SEPARATOR, RecordSerializer
from tenant_apps.customers.models import Customer

MAX_BYTES = 20 * 1024 * 1024
MAX_ROWS = 100_000
# What an import reads; what only an export has is left out by it.
READ = (
    "name",
    "email",
    "phone",
    "birth_date",
    "address",
    "emergency_name",
    "emergency_phone",
    "notes",
    "tags",
)
WRITTEN = ("id", *READ, "locations", "guardian", "guardian_relation", "is_active", "created_at")
DELIMITERS = (",", ";", "\t")
# Where a spreadsheet finds a formula (CWE-1236): at the start of a cell, and inside it wherever one
# that separates by semicolons or tabs, as Excel does in much of Europe, begins another cell. Blanks
# and quotes before the formula's sign are passed over, and apostrophes too: so what has been given
# one still matches, and to take one away is exactly the way back.
_FORMULA = r"(?:[^\S\t\r\n]|[\"'])*[=+\-@]"
_TEXT = "'"
_TO_QUOTE, _QUOTED = (
    re.compile(rf"(?<![^;\t\r\n]){mark}(?={_FORMULA})|\A{mark}(?='*[\t\r\n])")
    for mark in ("", _TEXT)
)


class RowSerializer(RecordSerializer):
    """A row of a file: a customer's record, flat."""

    name = serializers.CharField(max_length=160)
    email = EmailField(required=False)
    emergency_name = serializers.CharField(max_length=160, required=False)
    emergency_phone = serializers.CharField(max_length=40, required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("emergency_name" in attrs) != ("emergency_phone" in attrs):
            missing = "emergency_phone" if "emergency_name" in attrs else "emergency_name"
            raise serializers.ValidationError({missing: "Both or neither."}, code="required")
        return attrs


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a file's header says, and where its rows begin."""

    columns: list[str]
    delimiter: str
    offset: int
    rows: int


class _Lines:
    """A file's lines as text, and how many bytes of it have been read."""

    def __init__(self, file: IO[bytes], offset: int) -> None:
        file.seek(offset)
        self._file = file
        self.offset = offset

    def __iter__(self) -> Iterator[str]:
        # Not `for line in file`: Django's files begin at their start again for that.
        while line := self._file.readline():
            start, self.offset = self.offset, self.offset + len(line)
            text = line.decode("utf-8" if start else "utf-8-sig")
            if "\x00" in text:
                raise ValueError("a null character")
            yield text


def rows_of(file: IO[bytes], delimiter: str, offset: int = 0) -> Iterator[tuple[list[str], int]]:
    """Yield each row's cells from the byte ``offset`` on, and the byte after it; no empty rows."""
    lines = _Lines(file, offset)
    for cells in csv.reader(iter(lines), delimiter=delimiter, strict=True):
        if cells:
            yield [cell.strip() for cell in cells], lines.offset


def inspect(file: IO[bytes]) -> Sheet:
    """Read a whole file once and say what it is.

    Raises:
        InvalidInput: no CSV in UTF-8, a column that is unknown, missing or there twice, no row or
            too many.
    """
    file.seek(0)
    first = file.readline(10_000)
    delimiter = max(DELIMITERS, key=lambda sign: first.count(sign.encode()))
    columns: list[str] = []
    offset = number = 0
    try:
        for number, (cells, end) in enumerate(rows_of(file, delimiter)):
            if number == 0:
                columns, offset = _header(cells), end
            elif number > MAX_ROWS:
                raise _unreadable("too_long", f"More than {MAX_ROWS} rows.")
    except (csv.Error, ValueError) as error:
        where = f"After row {number}: " if number else ""
        raise _unreadable("malformed", f"{where}not CSV in UTF-8.") from error
    if not number:
        raise _unreadable("no_rows", "A header and at least one row are needed.")
    return Sheet(columns, delimiter, offset, number)


def _header(cells: list[str]) -> list[str]:
    columns = [cell.casefold().replace(" ", "_") for cell in cells]
    for column in columns:
        if column not in WRITTEN:
            raise _unreadable("unknown_column", f"No column is called {column[:60]!r}.")
        if columns.count(column) > 1:
            raise _unreadable("repeated_column", f"{column!r} is there twice.")
    if "name" not in columns:
        raise _unreadable("missing_column", "There is no column 'name'.")
    return columns


def _unreadable(code: str, detail: str) -> InvalidInput:
    return InvalidInput(FieldError("file", code, detail))


def payload_of(columns: list[str], cells: list[str]) -> dict[str, Any]:
    """Return a row as a payload for ``RowSerializer``; empty cells are left out."""
    payload: dict[str, Any] = {
        column: _read(cell)
        for column, cell in zip(columns, cells, strict=False)
        if cell and column in READ
    }
    if "tags" in payload:
        tags = (tag.strip() for tag in payload["tags"].split(SEPARATOR))
        payload["tags"] = [tag for tag in tags if tag]
    return payload


def id_of(columns: list[str], cells: list[str]) -> str:
    """Return which customer an exported row was, or an empty text."""
    found = dict(zip(columns, cells, strict=False)).get("id", "")
    try:
        return str(UUID(found))
    except ValueError:
        return ""


def _read(cell: str) -> str:
    """Return what ``_written`` made a cell of."""
    return _QUOTED.sub("", cell)


def _written(text: str) -> str:
    """Return a cell that no spreadsheet takes for a formula, or for several cells with one."""
    return _TO_QUOTE.sub(_TEXT, text)


def header() -> bytes:
    """Return the first line of an export."""
    return _lines([WRITTEN])


def lines_of(customers: Iterable[Customer]) -> bytes:
    """Return the lines of ``customers``, whose home locations are loaded."""
    return _lines(
        (
            customer.id,
            customer.name,
            customer.email or "",
            customer.phone,
            customer.birth_date or "",
            customer.address,
            customer.emergency_name,
            customer.emergency_phone,
            customer.notes,
            SEPARATOR.join(customer.tags),
            SEPARATOR.join(home.location.name for home in customer.home_locations.all()),
            customer.guardian_id or "",
            customer.guardian_relation,
            "true" if customer.is_active else "false",
            customer.created_at.isoformat(),
        )
        for customer in customers
    )


def _lines(rows: Iterable[Iterable[Any]]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows([_written(str(cell)) for cell in row] for row in rows)
    return text.getvalue().encode()
