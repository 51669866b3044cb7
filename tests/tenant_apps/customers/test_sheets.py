"""Files of customers: read strictly, written so that no spreadsheet runs them."""

import io

import pytest

from platform_shared.kit.errors import InvalidInput
from tenant_apps.customers import sheets


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


class TestCells:
    @pytest.mark.parametrize("text", ["=1+1", "+49 30", "-2", "@x", "\tx", "\rx", "\n=x"])
    def test_are_no_formulas_and_come_back_as_they_were(self, text: str) -> None:
        written = sheets._written(text)
        assert written == f"'{text}"
        assert sheets._read(written) == text

    @pytest.mark.parametrize("text", ["Dora", "'tis", "O'Neil", "", "'"])
    def test_stay_as_they_are_otherwise(self, text: str) -> None:
        assert sheets._written(text) == sheets._read(text) == text


class TestPayloadOf:
    def test_leaves_out_what_is_empty_or_an_exports_own(self) -> None:
        columns = ["id", "name", "email", "tags", "is_active"]
        cells = ["7", "Dora", "", " a; b;;", "true"]
        assert sheets.payload_of(columns, cells) == {"name": "Dora", "tags": ["a", "b"]}
        assert sheets.payload_of(columns, ["7"]) == {}


class TestRowSerializer:
    def test_wants_whom_to_call_and_how(self) -> None:
        for given, missing in (("name", "phone"), ("phone", "name")):
            row = sheets.RowSerializer(data={"name": "Dora", f"emergency_{given}": "1"})
            assert not row.is_valid()
            assert list(row.errors) == [f"emergency_{missing}"]
