"""Two recorded scans become a script for other customers, or it is said why they cannot."""

import uuid

import pytest

from deploy.bench import numbering
from deploy.bench.errors import NotAlike
from deploy.bench.script import pgbench_script
from deploy.bench.tap import Recording, Statement

CONSTANT = uuid.UUID(int=1)


def recording(*trips: list[str]) -> Recording:
    return Recording([[Statement(sql) for sql in trip] for trip in trips])


def script_of(first: str, second: str) -> str:
    """Return what becomes of one statement."""
    return pgbench_script(recording([first]), recording([second])).splitlines()[-1]


class TestPgbenchScript:
    def test_sends_together_what_travelled_together(self) -> None:
        scan = recording(["BEGIN", "SELECT 1"], ["COMMIT"])
        lines = pgbench_script(scan, scan).splitlines()[-5:]
        assert lines == ["\\startpipeline", "BEGIN;", "SELECT 1;", "\\endpipeline", "COMMIT;"]

    @pytest.mark.parametrize("dashes", [True, False])
    def test_puts_the_customer_and_the_scan_in_place_of_the_recorded_ones(
        self, dashes: bool
    ) -> None:
        def scan(number: int) -> str:
            ids = numbering.uuid_of(numbering.LOT, number), numbering.scan_uuid(10, 0, number)
            return "SELECT '{}'::uuid, '{}'::uuid".format(
                *(str(i) if dashes else i.hex for i in ids)
            )

        said = script_of(scan(1), scan(2))
        assert ":n::text" in said
        assert ":s::text" in said
        assert str(numbering.BASE)[:-1] not in said

    def test_gives_an_id_made_for_the_scan_one_place_wherever_it_stands(self) -> None:
        def scan(number: int) -> Recording:
            new = [uuid.UUID(int=number * 10 + n) for n in range(2)]
            return recording(
                [f"INSERT INTO a VALUES ('{new[0]}', '{new[1]}')"],
                [f"INSERT INTO b VALUES ('{new[1].hex}'::uuid, '{CONSTANT}')"],
            )

        *_, first, second = pgbench_script(scan(5), scan(6)).splitlines()
        kinds = [f"{numbering.NEW}0{n}" for n in range(2)]
        assert [kind in first for kind in kinds] == [True, True]
        assert [kind in second for kind in kinds] == [False, True]
        assert f"'{CONSTANT}'" in second

    def test_takes_a_time_for_now_and_a_hash_or_key_for_something_unique(self) -> None:
        first = f"SELECT '2026-01-01 00:00:00+00'::timestamptz, '\\x{'ab' * 32}'::bytea, {2**50}"
        second = (
            f"SELECT '2026-01-02 00:00:00+00'::timestamptz, '\\x{'cd' * 32}'::bytea, {-(2**50)}"
        )
        said = script_of(first, second)
        assert "now()::timestamptz" in said
        assert "lpad(:s::text, 64, '0')" in said
        assert ":s::bigint" in said

    def test_keeps_what_is_alike(self) -> None:
        sql = "UPDATE a SET b = b - 1, c = 'it''s' WHERE d > '2026-01-01 00:00:00+00' LIMIT 1"
        assert script_of(sql, sql) == f"{sql};"

    def test_sees_ids_within_a_text(self) -> None:
        def scan(number: int) -> str:
            return (
                f"""SELECT '{{"a": ["{numbering.uuid_of(numbering.CODE, number)}", 1]}}'::jsonb"""
            )

        said = script_of(scan(3), scan(4))
        assert said.startswith("""SELECT ('{"a": ["' || '""")
        assert said.endswith("""':n::text || '", 1]}')::jsonb;""".removeprefix("'"))

    @pytest.mark.parametrize(
        ("first", "second", "why"),
        [
            ("SELECT 1", "SELECT 2", "number 1 is 2"),
            ("SELECT a", "SELECT b", "'a' and 'b'"),
            ("SELECT a", "SELECT a, b", "SELECT a, b"),
        ],
    )
    def test_refuses_what_differs_in_its_meaning(self, first: str, second: str, why: str) -> None:
        with pytest.raises(NotAlike, match=why):
            script_of(first, second)

    def test_refuses_other_round_trips(self) -> None:
        with pytest.raises(NotAlike, match="round trips"):
            pgbench_script(recording(["A", "B"]), recording(["A"], ["B"]))

    def test_refuses_a_recording_of_nothing(self) -> None:
        with pytest.raises(NotAlike, match="nothing"):
            pgbench_script(recording(), recording())
