"""Advisory locks are known by names, the same in every process and release."""

import subprocess
import sys
from collections.abc import Iterator

import psycopg
import pytest
from django.db import transaction

from platform_shared.kit import locks
from platform_shared.tenancy import binding
from tests.conftest import LiveDatabase


class TestNumber:
    def test_is_the_same_in_every_process_and_release(self) -> None:
        assert locks.number("provision", "demo") == 7081284487693737501
        script = "from platform_shared.kit import locks; print(locks.number('provision', 'demo'))"
        other = subprocess.run(
            [sys.executable, "-c", script], capture_output=True, text=True, check=True
        )
        assert int(other.stdout) == locks.number("provision", "demo")

    def test_fits_into_what_postgresql_takes(self) -> None:
        numbers = [locks.number("x", str(n)) for n in range(1000)]
        assert all(-(2**63) <= n < 2**63 for n in numbers)
        assert min(numbers) < 0 < max(numbers)
        assert len(set(numbers)) == 1000

    def test_keeps_names_apart_that_look_alike_in_a_row(self) -> None:
        assert locks.number("ab", "c") != locks.number("a", "bc")


class TestLocks:
    @pytest.fixture
    def other(self, live_database: LiveDatabase) -> Iterator[psycopg.Connection]:
        with psycopg.connect(live_database.url, autocommit=True) as connection:
            yield connection

    def free(self, other: psycopg.Connection, *names: str) -> bool:
        row = other.execute(
            "SELECT pg_try_advisory_xact_lock(%s)", (locks.number(*names),)
        ).fetchone()
        assert row is not None
        return bool(row[0])

    def test_holds_the_lock_until_the_transaction_ends(self, other: psycopg.Connection) -> None:
        with binding.platform():
            with transaction.atomic():
                locks.take("provision", "demo")
                assert not self.free(other, "provision", "demo")
                assert self.free(other, "provision", "another")
            assert self.free(other, "provision", "demo")

    def test_are_taken_only_when_free_by_who_does_not_wait(self, other: psycopg.Connection) -> None:
        with binding.platform(), transaction.atomic():
            assert locks.try_take("provision", "demo")
            assert not self.free(other, "provision", "demo")
            with other.transaction():
                assert self.free(other, "provision", "another")
                assert not locks.try_take("provision", "another")

    def test_are_held_together_by_those_who_share_them(self, other: psycopg.Connection) -> None:
        with binding.platform(), transaction.atomic():
            locks.take_shared("provision", "demo")
            assert not self.free(other, "provision", "demo")
            with other.transaction():
                other.execute(
                    "SELECT pg_advisory_xact_lock_shared(%s)", (locks.number("provision", "demo"),)
                )
                assert not locks.try_take("provision", "demo")


class TestHeld:
    @pytest.fixture
    def other(self, live_database: LiveDatabase) -> Iterator[psycopg.Connection]:
        with psycopg.connect(live_database.url, autocommit=True) as connection:
            yield connection

    def take(self, other: psycopg.Connection) -> bool:
        row = other.execute("SELECT pg_try_advisory_lock(%s)", (locks.number("job"),)).fetchone()
        assert row is not None
        return bool(row[0])

    def test_holds_across_transactions_until_the_block_ends(
        self, other: psycopg.Connection
    ) -> None:
        with binding.platform():
            with locks.held("job") as ours:
                assert ours
                for _ in range(2):
                    with transaction.atomic():
                        assert not self.take(other)
                assert not self.take(other)
            assert self.take(other)

    def test_does_not_wait_for_who_holds_it(self, other: psycopg.Connection) -> None:
        assert self.take(other)
        with binding.platform(), locks.held("job") as ours:
            assert not ours

    def test_lets_go_when_the_block_fails(self, other: psycopg.Connection) -> None:
        with binding.platform():
            with pytest.raises(LookupError), locks.held("job"):
                raise LookupError
            assert self.take(other)

    def test_ends_with_who_held_it(self, other: psycopg.Connection) -> None:
        assert self.take(other)
        other.close()
        with binding.platform(), locks.held("job") as ours:
            assert ours
