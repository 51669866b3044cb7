"""Files of customers: read strictly, written so that no spreadsheet runs them."""

import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from platform_shared.kit.errors import InvalidInput
from tenant_apps.customers import sheets
from tenant_apps.customers.models import Customer
from tests.support.world import BORN


def inspected(content: bytes) -> sheets.Sheet:
    return sheets.inspect(io.BytesIO(content))


class TestInspect:
    def test_says_what_a_file_holds(self) -> None:
        sheet = inspected(
            b"\xef\xbb\xbfName;E mail;birth date\r\nDora;;\r\n\r\nJan;;\r\n".replace(
                b"E mail", b"email"
            )
        )
        assert (sheet.columns, sheet.delimiter) == (["name", "email", "birth_date"], ";")
        assert (sheet.offset, sheet.rows) == (len(b"\xef\xbb\xbfName;email;birth date\r\n"), 2)

    @pytest.mark.parametrize("delimiter", [b",", b";", b"\t"])
    def test_tells_the_delimiter(self, delimiter: bytes) -> None:
        assert inspected(delimiter.join([b"name", b"email"]) + b"\nD").columns == ["name", "email"]

    @pytest.mark.parametrize(
        ("content", "code"),
        [
            (b"", "no_rows"),
            (b"name\n", "no_rows"),
            (b"\n\n", "no_rows"),
            (b"email\na@b.test\n", "missing_column"),
            (b"name,shoe size\nDora,3\n", "unknown_column"),
            (b"name,Name\nDora,3\n", "repeated_column"),
            (b'name\n"Dora\n', "malformed"),
            (b"name\n\xff\n", "malformed"),
            (b"name\nD\x00\n", "malformed"),
            (b'name\r"D"x\r', "malformed"),
            (b"name\n" + b"x" * 140_000, "malformed"),
            (b"name\n" + b"x\n" * 100_001, "too_long"),
        ],
    )
    def test_refuses_anything_else(self, content: bytes, code: str) -> None:
        with pytest.raises(InvalidInput) as refused:
            inspected(content)
        (error,) = refused.value.errors
        assert (error.field, error.code) == ("file", code)


class TestRowsOf:
    def test_can_go_on_after_any_row(self) -> None:
        content = 'name,notes\nDóra,"two\r\nlines"\n\nJan,\n"K, Kim",x\n'.encode()
        rows = list(sheets.rows_of(io.BytesIO(content), ","))
        assert [cells for cells, _ in rows] == [
            ["name", "notes"],
            ["Dóra", "two\r\nlines"],
            ["Jan", ""],
            ["K, Kim", "x"],
        ]
        for number, (_, end) in enumerate(rows, start=1):
            rest = sheets.rows_of(io.BytesIO(content), ",", end)
            assert [cells for cells, _ in rest] == [cells for cells, _ in rows[number:]]
        assert rows[-1][1] == len(content)


def fragments(text: str) -> list[str]:
    """Return what a spreadsheet that separates by semicolons or tabs makes cells of."""
    return [part.lstrip() for part in re.split(r"[;\t\r\n]", text)]


# Mostly what the rules are about, and anything else that a file can hold.
texts = st.text("=+-@;\t\r\n '\"a,") | st.text(st.characters(exclude_categories=["Cs", "Cc"]))
labels = texts.map(lambda text: re.sub(r"[;\t\r\n]", "", text).strip()).filter(bool)
SIGNS = ("=", "+", "-", "@")


class TestCells:
    @pytest.mark.parametrize(
        ("text", "cell"),
        [
            *((text, f"'{text}") for text in ("=1+1", "+49 30", "-2", "@x", "\tx", "\rx", " =x")),
            ("\n=x", "'\n'=x"),
            ("a;=x", "a;'=x"),
            ("a; \u00a0+x;-", "a;' \u00a0+x;'-"),
            ("a\t@x\r\n=y", "a\t'@x\r\n'=y"),
            ('a;"=x', "a;'\"=x"),
            ("'=x", "''=x"),
            ("' =x;'-", "'' =x;''-"),
        ],
    )
    def test_are_no_formulas_and_come_back_as_they_were(self, text: str, cell: str) -> None:
        assert sheets._written(text) == cell
        assert sheets._read(cell) == text

    @pytest.mark.parametrize(
        "text", ["Dora", "'tis", "O'Neil", "", "'", "a=b; c", "a -b;c+d", "x@y.test;'z", "a, =b"]
    )
    def test_stay_as_they_are_otherwise(self, text: str) -> None:
        assert sheets._written(text) == sheets._read(text) == text

    @given(texts)
    def test_hold_no_formula_wherever_they_are_split(self, text: str) -> None:
        cell = sheets._written(text)
        assert not any(part.startswith(SIGNS) for part in fragments(cell))
        assert not cell.startswith(("\t", "\r", "\n"))
        assert sheets._read(cell) == text


class TestLinesOf:
    @staticmethod
    def line(name: str, notes: str, tags: list[str]) -> bytes:
        customer = Customer(name=name, notes=notes, tags=tags, created_at=BORN)
        vars(customer)["_prefetched_objects_cache"] = {"home_locations": []}
        return sheets.lines_of([customer])

    @given(texts.map(str.strip), texts.map(str.strip), st.lists(labels))
    def test_are_read_as_they_were_written(self, name: str, notes: str, tags: list[str]) -> None:
        content = self.line(name, notes, tags)
        # As it is in the file: there a quote inside a cell is two of them.
        for part in fragments(content.decode()):
            assert not part.lstrip('" ').startswith(SIGNS)
        ((cells, end),) = sheets.rows_of(io.BytesIO(content), ",")
        said = {"name": name, "notes": notes, "tags": tags}
        assert sheets.payload_of(list(sheets.WRITTEN), cells) == {
            column: value for column, value in said.items() if value
        }
        assert end == len(content)

    def test_would_hold_a_formula_if_the_start_of_a_cell_were_all_that_counts(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        harmful = ("Dora;=1+1", "x\n-2", ["vip", "@x"])
        assert not any(part.startswith(SIGNS) for part in fragments(self.line(*harmful).decode()))
        monkeypatch.setattr(
            sheets, "_written", lambda text: f"'{text}" if text.startswith(SIGNS) else text
        )
        found = fragments(self.line(*harmful).decode())
        assert [part[0] for part in found if part.startswith(SIGNS)] == ["=", "-", "@"]


class TestPayloadOf:
    def test_leaves_out_what_is_empty_or_an_exports_own(self) -> None:
        columns = ["id", "name", "email", "tags", "is_active"]
        cells = ["7", "Dora", "", " a; b;;", "true"]
        assert sheets.payload_of(columns, cells) == {"name": "Dora", "tags": ["a", "b"]}
        assert sheets.payload_of(columns, ["7"]) == {}


class TestRowSerializer:
    def test_wants_whom_to_call_and_how(self) -> None:
        for present, missing in (("name", "phone"), ("phone", "name")):
            row = sheets.RowSerializer(data={"name": "Dora", f"emergency_{present}": "1"})
            assert not row.is_valid()
            assert list(row.errors) == [f"emergency_{missing}"]
