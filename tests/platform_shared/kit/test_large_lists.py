"""Lists of 100,000 rows: every ordering is read off an index, on any page, in both directions.

The rows are inserted as they are, past the services: many share a place, and many have none.
"""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from platform_shared.kit.access import Role
from platform_shared.tenancy import binding
from tests.support.api import Caller, as_role
from tests.support.world import BORN, ClubWorld
from tests.tenant_apps.checkins.door import log

ROWS = 100_000
# An id, the same for each run, that sorts as its number does.
ID = "('01900000-0000-7000-{part}-' || lpad(to_hex(n), 12, '0'))::uuid"
# Half of the rows share one moment, as after an import; a tenth of them have none.
MOMENT = "'2026-01-01'::timestamptz + (n % 2) * n * interval '1 second'"
NONE = "CASE WHEN n % 10 > 0 THEN {moment} END"
# What a row of each table has beside what its example has.
TABLES = {
    "customers_customer": {
        "name": "'Customer ' || n % 100",
        "sort_name": "'customer ' || n % 100",
        "email": "null",
        "user_id": "null",
        "created_at": MOMENT,
    },
    "subscriptions_subscription": {
        "starts_at": MOMENT,
        "ends_at": NONE.format(moment=f"{MOMENT} + interval '1 year'"),
    },
    "invoices_invoice": {"year": "2000 + n / 10000", "sequence": "n", "issued_at": MOMENT},
    "payments_payment": {
        "paid_at": NONE.format(moment=MOMENT),
        "status": "CASE WHEN n % 10 > 0 THEN 'succeeded' ELSE 'pending' END",
    },
    "checkins_checkin": {
        "scan_id": ID.format(part="9000"),
        "scanned_at": "'2026-01-01'::timestamptz + n * interval '1 second'",
    },
}
# What is copied refers to what its example refers to; nobody need look a hundred thousand times.
UNREFERRING = """
    DO $$ DECLARE found record; BEGIN
        FOR found IN SELECT conname FROM pg_constraint
            WHERE conrelid = '{table}'::regclass AND contype = 'f'
        LOOP
            EXECUTE format('ALTER TABLE {table} DROP CONSTRAINT %I', found.conname);
        END LOOP;
    END $$
"""
FILL = """
    INSERT INTO {table} SELECT made.* FROM
        (SELECT * FROM {table} ORDER BY id LIMIT 1) AS example,
        generate_series(1, {rows}) AS n,
        LATERAL jsonb_populate_record(
            NULL::{table}, to_jsonb(example) || jsonb_build_object('id', {id}, {columns})
        ) AS made
"""
LISTS = {
    "customers": ("customers_customer", ("id", "name", "created_at")),
    "subscriptions": ("subscriptions_subscription", ("id", "starts_at", "ends_at")),
    "invoices": ("invoices_invoice", ("id", "issued_at", "number")),
    "payments": ("payments_payment", ("id", "paid_at")),
    "check-ins": ("checkins_checkin", ("id", "scanned_at")),
}
# Spans that begin in the middle of the list.
SPANS = {
    "customers": "created_since=2026-01-01T13:00:00Z",
    "subscriptions": "ends_since=2027-01-01T13:00:00Z",
    "invoices": "since=2026-01-01T13:00:00Z",
    "payments": "since=2026-01-01T13:00:00Z",
    "check-ins": "since=2026-01-01T13:00:00Z",
}
BY_SPAN = {
    "customers": "created_at",
    "subscriptions": "ends_at",
    "invoices": "issued_at",
    "payments": "paid_at",
    "check-ins": "scanned_at",
}


@pytest.fixture
def reader(club_a: ClubWorld) -> Caller:
    """Somebody of the staff of the large club."""
    caller = as_role(club_a, Role.CLUB_STAFF)
    with binding.club(club_a.ref), connection.cursor() as cursor:
        log(club_a.customer, "entry", at=BORN)
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for table in TABLES:
            cursor.execute(UNREFERRING.format(table=table))
        fill(cursor)
    return caller


def fill(cursor: Any) -> None:
    for number, (table, columns) in enumerate(TABLES.items()):
        pairs = ", ".join(f"'{name}', {value}" for name, value in columns.items())
        made = ID.format(part=f"800{number}")
        cursor.execute(FILL.format(table=table, rows=ROWS, id=made, columns=pairs))
        cursor.execute(f"ANALYZE {table}")


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("Plans", ()):
        yield from nodes(child)


def read(statement: str) -> int:
    """Return how many rows of a large table a statement looks at, at the most at one place."""
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}")
        (said,) = cursor.fetchone()
    (found,) = json.loads(said) if isinstance(said, str) else said
    return max(
        int(node["Actual Rows"] * node["Actual Loops"]) + node.get("Rows Removed by Filter", 0)
        for node in nodes(found["Plan"])
    )


def ask(reader: Caller, table: str, path: str) -> tuple[Any, str]:
    """Return the page, and the statement that has read it."""
    with CaptureQueriesContext(connection) as sent:
        answer = reader.get(path)
    assert answer.status_code == 200, answer.content
    statements = [each["sql"] for each in sent.captured_queries]
    (statement,) = (
        sql for sql in statements if sql.startswith("SELECT") and f'FROM "{table}"' in sql
    )
    return answer.json(), statement


def deep(page: dict[str, Any], reader: Caller, table: str, pages: int) -> Iterator[str]:
    """Yield the statements of further pages, and of the first one back."""
    for _ in range(pages):
        page, statement = ask(reader, table, page["next"].partition("/api/v1/")[2])
        yield statement
    _, statement = ask(reader, table, page["previous"].partition("/api/v1/")[2])
    yield statement


class TestLargeLists:
    def test_read_a_page_and_little_more(
        self, reader: Caller, club_a: ClubWorld, record_testsuite_property: Any
    ) -> None:
        worst = 0
        for path, (table, names) in LISTS.items():
            for name in names:
                for sign in ("", "-"):
                    question = f"{path}?page_size=50&ordering={sign}{name}"
                    page, statement = ask(reader, table, question)
                    statements = [statement, *deep(page, reader, table, 2)]
                    if name == BY_SPAN[path]:  # and from the middle, where others are before it
                        page, statement = ask(reader, table, f"{question}&{SPANS[path]}")
                        statements += [statement, *deep(page, reader, table, 1)]
                    with binding.club(club_a.ref):
                        for each in statements:
                            looked_at = read(each)
                            assert looked_at <= 200, (question, looked_at, each)
                            worst = max(worst, looked_at)
        record_testsuite_property("most_rows_looked_at", worst)
        # Negative control: without its index a list is read from the first row to the last.
        with binding.club(club_a.ref), connection.cursor() as cursor:
            cursor.execute("DROP INDEX subscriptions_by_ends_at")
        _, statement = ask(reader, "subscriptions_subscription", "subscriptions?ordering=ends_at")
        with binding.club(club_a.ref):
            assert read(statement) >= ROWS
