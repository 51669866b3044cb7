"""Rows know their transaction without a statement being told, and cursors are read strictly."""

import base64
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from django.apps import apps
from django.db import connection
from django.db.migrations import RemoveField
from django.db.migrations.autodetector import MigrationAutodetector
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.state import ProjectState
from django.test.utils import CaptureQueriesContext

from platform_shared.kit.ids import new_id
from platform_shared.tenancy import commit_order
from platform_shared.tenancy.commit_order import START, Position, RecordedIn
from tenant_apps.checkins.models import Annulment, CheckIn
from tests.support.world import BORN, ClubWorld
from tests.tenant_apps.checkins.door import log

CURRENT = "SELECT pg_current_xact_id()::text::bigint"


def value_of(query: str) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(query)
        (value,) = cursor.fetchone()
        return value


class TestPosition:
    @pytest.mark.parametrize(
        "position", [START, Position(1, new_id()), Position(2**64 - 1, UUID(int=2**128 - 1))]
    )
    def test_survives_being_kept(self, position: Position) -> None:
        text = position.encode()
        assert len(text) == 32
        assert Position.decode(text) == position

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "x",
            "é" * 32,
            "A" * 31,
            "A" * 33,
            "A" * 36,
            "A" * 28 + "====",
            "A" * 31 + "+",
            "A" * 31 + "\n",
            base64.b64encode(b"\xff" * 24).decode(),
        ],
    )
    def test_is_made_of_nothing_else(self, text: str) -> None:
        with pytest.raises(ValueError, match="not a position"):
            Position.decode(text)

    def test_comes_in_the_order_of_transactions_then_ids(self) -> None:
        low, high = UUID(int=1), UUID(int=2)
        assert START < Position(0, low) < Position(0, high) < Position(1, low)


@pytest.mark.usefixtures("bound_a")
class TestRecordedIn:
    def test_is_the_transaction_that_wrote_the_row(self, club_a: ClubWorld) -> None:
        log(club_a.customer, "entry", at=BORN, annulled=True)
        current = value_of(CURRENT)
        assert CheckIn.objects.get().recorded_in == current
        assert Annulment.objects.get().recorded_in == current

    def test_is_in_no_statement_that_writes(self, club_a: ClubWorld) -> None:
        assert not self.is_named(club_a)

    def test_would_be_asked_for_as_a_returned_field(
        self, club_a: ClubWorld, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        # Negative control: this is what would cost a scan its fourth round trip.
        assert CheckIn._meta.db_returning_fields == []
        monkeypatch.delitem(CheckIn._meta.__dict__, "db_returning_fields")
        monkeypatch.setattr(RecordedIn, "db_returning", True)
        assert self.is_named(club_a)

    def test_keeps_nobody_from_validating_a_row(self, club_a: ClubWorld) -> None:
        log(club_a.customer, "entry", at=BORN).validate_constraints()

    def test_keeps_nobody_from_removing_a_field(self) -> None:
        before = ProjectState.from_apps(apps)
        after = before.clone()
        after.models["checkins", "checkin"].fields.pop("judgement")
        found = MigrationAutodetector(before, after).changes(MigrationLoader(None).graph)
        (migration,) = found["checkins"]
        (operation,) = migration.operations
        assert isinstance(operation, RemoveField)

    @staticmethod
    def is_named(club: ClubWorld) -> bool:
        """Return whether an INSERT speaks of the column."""
        with CaptureQueriesContext(connection) as queries:
            log(club.customer, "entry", at=BORN)
        (statement,) = [query["sql"] for query in queries if "INSERT" in query["sql"]]
        return "recorded_in" in statement


@pytest.mark.usefixtures("bound_a")
class TestRecordTransaction:
    @pytest.fixture
    def filled(self, club_a: ClubWorld) -> Iterator[None]:
        """A table with rows in it from before."""
        with connection.cursor() as cursor:
            cursor.execute("CREATE TABLE notes (id uuid)")
            cursor.execute("INSERT INTO notes SELECT gen_random_uuid() FROM generate_series(1, 9)")
        yield
        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE notes")

    @staticmethod
    def recorded_in(statement: str) -> tuple[list[int], bool]:
        """Return what the rows say after the statement, and whether it wrote them anew."""
        before = value_of("SELECT pg_relation_filenode('notes')")
        with connection.cursor() as cursor:
            cursor.execute(statement)
        rewritten = before != value_of("SELECT pg_relation_filenode('notes')")
        return value_of("SELECT array_agg(DISTINCT recorded_in) FROM notes"), rewritten

    @pytest.mark.usefixtures("filled")
    def test_leaves_the_rows_that_are_there_alone(self) -> None:
        operation = commit_order.record_transaction("note", "notes")
        assert self.recorded_in(str(operation.sql)) == ([0], False)
        with connection.cursor() as cursor:
            cursor.execute("INSERT INTO notes (id) VALUES (gen_random_uuid())")
        assert value_of("SELECT max(recorded_in) FROM notes") == value_of(CURRENT)

    @pytest.mark.usefixtures("filled")
    def test_would_let_the_migration_claim_them_in_one_step(self) -> None:
        # Negative control.
        one_step = "ALTER TABLE notes ADD COLUMN recorded_in bigint NOT NULL DEFAULT "
        said, _ = self.recorded_in(f"{one_step} pg_current_xact_id()::text::bigint")
        assert said == [value_of(CURRENT)]


@pytest.mark.usefixtures("bound_a")
class TestReading:
    """In a transaction that has written, whose own rows are not below the horizon."""

    @pytest.fixture
    def ids(self, club_a: ClubWorld) -> list[UUID]:
        return sorted(log(club_a.customer, "entry", at=BORN).id for _ in range(5))

    def test_ends_before_what_is_being_written(self, ids: list[UUID]) -> None:
        horizon = commit_order.horizon()
        assert horizon <= value_of(CURRENT)
        assert list(commit_order.rows_after(CheckIn.objects.all(), START, horizon)) == []
        assert commit_order.last_position(CheckIn.objects.all(), horizon) == START

    def test_goes_on_behind_a_position(self, ids: list[UUID]) -> None:
        current = value_of(CURRENT)
        rows = CheckIn.objects.all()
        found = commit_order.rows_after(rows, Position(current, ids[1]), current + 1)
        assert [row.id for row in found] == ids[2:]
        assert commit_order.last_position(rows, current + 1) == Position(current, ids[-1])
        assert not commit_order.rows_after(rows, Position(current, ids[-1]), current + 1)

    def test_goes_by_the_index(self, ids: list[UUID]) -> None:
        with connection.cursor() as cursor:
            # There are too few rows for an index to pay.
            cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off")
        plan = commit_order.rows_after(CheckIn.objects.all(), START, 2**62)[:50].explain()
        assert "Index Scan using checkins_by_commit" in plan
        assert "ROW(recorded_in, id) > ROW" in plan
        assert "Sort" not in plan
