"""What a client says to PostgreSQL is told as it was executed, wherever its values travelled."""

import os
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
from psycopg.types.json import Jsonb

from deploy.bench.errors import Unfit
from deploy.bench.tap import Tap, _binary, inlined, literal

URL = os.environ.get("DATABASE_URL", "")


@pytest.fixture
def tap() -> Iterator[Tap]:
    with Tap(urlsplit(URL).port or 5432) as listening:
        yield listening


@pytest.fixture
def client(tap: Tap) -> "Iterator[psycopg.Connection[Any]]":
    url = URL.replace(f":{urlsplit(URL).port}/", f":{tap.port}/")
    with psycopg.connect(url, autocommit=True) as connection:
        yield connection


class TestRecording:
    def test_counts_a_pipeline_as_one_round_trip_and_statements_alone_as_one_each(
        self, tap: Tap, client: "psycopg.Connection[Any]"
    ) -> None:
        with tap.recording() as recording:
            with client.pipeline():
                client.execute("SELECT 1")
                client.execute("SELECT 2")
            client.execute("SELECT 3")
            client.execute("SELECT 4")
        said = [[statement.sql for statement in trip] for trip in recording.round_trips]
        assert said == [["SELECT 1", "SELECT 2"], ["SELECT 3"], ["SELECT 4"]]

    def test_hears_only_what_is_said_meanwhile(
        self, tap: Tap, client: "psycopg.Connection[Any]"
    ) -> None:
        client.execute("SELECT 'before'")
        with tap.recording() as recording:
            client.execute("SELECT 'now'")
        client.execute("SELECT 'after'")
        assert [statement.sql for statement in recording.statements] == ["SELECT 'now'"]

    @pytest.mark.parametrize("form", ["%s", "%b", "%t"])
    def test_gives_the_same_row_when_what_it_recorded_is_run_again(
        self, tap: Tap, client: "psycopg.Connection[Any]", form: str
    ) -> None:
        values = (
            7,
            -(2**40),
            uuid.UUID(int=5),
            datetime(2026, 2, 3, 4, 5, 6, 789, tzinfo=UTC),
            b"\x00'\\",
            "it's :named \\ so",
            Jsonb({"a": None, "b": "c:d"}),
            True,
            None,
        )
        casts = [
            "int",
            "bigint",
            "uuid",
            "timestamptz",
            "bytea",
            "text",
            "jsonb",
            "boolean",
            "text",
        ]
        asked = "SELECT " + ", ".join(f"{form}::{cast}" for cast in casts)
        with tap.recording() as recording:
            row = client.execute(asked, values).fetchone()
        (statement,) = recording.statements
        assert "$1" not in statement.sql
        assert client.execute(statement.sql.encode()).fetchone() == row

    def test_knows_what_was_prepared_before(
        self, tap: Tap, client: "psycopg.Connection[Any]"
    ) -> None:
        client.execute("SELECT %s::int + 1", (1,), prepare=True)
        with tap.recording() as recording:
            client.execute("SELECT %s::int + 1", (41,), prepare=True)
        (statement,) = recording.statements
        assert client.execute(statement.sql.encode()).fetchone() == (42,)


class TestInlined:
    def test_leaves_quoted_signs_alone(self) -> None:
        sql = """SELECT '$1', "$2", $2, $1 + $10"""
        assert inlined(sql, [f"<{n}>" for n in range(1, 11)]) == (
            """SELECT '$1', "$2", <2>, <1> + <10>"""
        )


class TestLiteral:
    def test_hides_what_pgbench_would_take_for_a_variable(self) -> None:
        assert ":n" not in literal('{"a":null}')
        assert literal("12:30") == "'12:30'"


class TestBinary:
    def test_gives_up_what_it_cannot_read(self) -> None:
        with pytest.raises(Unfit, match="type 600"):  # a point
            _binary(b"", 600)
