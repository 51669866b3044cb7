"""The connection serves one club at a time, the one that is bound, or nobody; on real commits."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest
from django.db import DatabaseError, InterfaceError, connection, transaction
from django_tenants.postgresql_backend.base import DatabaseWrapper as TenantsWrapper

from platform_shared.clubs.models import Club
from platform_shared.tenancy import binding, process
from platform_shared.tenancy.errors import ClubNotBound, SwitchInTransaction
from platform_shared.tenancy.postgres.base import DatabaseWrapper
from tenant_apps.customers.models import Customer
from tests.conftest import LiveDatabase
from tests.support.world import ClubWorld

Clubs = tuple[ClubWorld, ClubWorld]


@pytest.fixture
def clubs(
    live_database: LiveDatabase, world: SimpleNamespace, unbound_by_default: None
) -> Iterator[Clubs]:
    """Both clubs on a database without a transaction around the test; nothing is bound."""
    yield world.a, world.b
    binding.release()


def seen() -> set[str]:
    """Return the clubs whose customers a query shows, by slug."""
    return {name.rpartition(" ")[2] for name in Customer.objects.values_list("name", flat=True)}


class TestNothingBound:
    def test_is_an_error_and_no_look_into_the_public_schema(self, clubs: Clubs) -> None:
        with pytest.raises(ClubNotBound):
            Club.objects.count()
        with pytest.raises(ClubNotBound), connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        with pytest.raises(ClubNotBound), transaction.atomic():
            seen()

    def test_would_be_the_public_schema_by_default(
        self, clubs: Clubs, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with monkeypatch.context() as as_in_manage_py:
            as_in_manage_py.setattr(process, "default_schema", "public")
            assert Club.objects.count() == 2

    def test_is_how_it_stands_after_a_block(self, clubs: Clubs) -> None:
        with binding.club(clubs[0].ref):
            assert seen() == {"alpha"}
        with pytest.raises(ClubNotBound):
            seen()

    def test_is_how_it_stands_after_a_crash_in_a_transaction(self, clubs: Clubs) -> None:
        def crash() -> None:
            with binding.club(clubs[0].ref), transaction.atomic():
                seen()
                raise RuntimeError("crash")

        with pytest.raises(RuntimeError, match="crash"):
            crash()
        with pytest.raises(ClubNotBound):
            seen()


def in_thread(work: Callable[[], Any]) -> Any:
    """Return what ``work`` returns or raises, done by a new thread with its own connection."""
    result: list[Any] = []

    def run() -> None:
        try:
            result.append(work())
        except Exception as error:
            result.append(error)
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(timeout=30)
    (value,) = result
    return value


class TestNewThread:
    def test_is_unbound(self, clubs: Clubs) -> None:
        with binding.club(clubs[0].ref):
            assert isinstance(in_thread(seen), ClubNotBound)
            assert isinstance(in_thread(binding.scope), ClubNotBound)
            assert seen() == {"alpha"}

    def test_that_takes_the_context_along_is_refused_all_the_same(self, clubs: Clubs) -> None:
        """The connection is another one, and nobody has bound that."""
        with binding.club(clubs[0].ref):
            context = copy_context()
            assert isinstance(in_thread(lambda: context.run(seen)), ClubNotBound)

    def test_binds_for_itself(self, clubs: Clubs) -> None:
        def other() -> set[str]:
            with binding.club(clubs[1].ref):
                return seen()

        with binding.club(clubs[0].ref):
            assert in_thread(other) == {"beta"}
            assert seen() == {"alpha"}

    def test_sees_its_own_club_while_the_next_sees_the_other(self, clubs: Clubs) -> None:
        turns = threading.Barrier(2, timeout=30)

        def serve(club: ClubWorld) -> list[set[str]]:
            answers = []
            try:
                for _ in range(5):
                    with binding.club(club.ref):
                        turns.wait()  # both are bound before either asks
                        answers.append(seen())
                        turns.wait()
            finally:
                connection.close()
            return answers

        with ThreadPoolExecutor(2) as threads:
            assert list(threads.map(serve, clubs)) == [[{"alpha"}] * 5, [{"beta"}] * 5]


@pytest.fixture
def failing_binding(clubs: Clubs) -> Iterator[Callable[[], None]]:
    """Return a switch that makes the server refuse every binding from then on."""
    with binding.platform():
        Club.objects.count()
    raw = connection.connection
    normal = raw.cursor_factory

    class Refusing(normal):  # type: ignore[misc, valid-type]
        def execute(self, query: Any, *args: Any, **kwargs: Any) -> Any:
            if "search_path" in str(query):
                raise psycopg.OperationalError("the binding failed")
            return super().execute(query, *args, **kwargs)

    yield lambda: setattr(raw, "cursor_factory", Refusing)
    raw.cursor_factory = normal


class TestFailedBinding:
    def test_raises_and_serves_nothing(
        self, clubs: Clubs, failing_binding: Callable[[], None]
    ) -> None:
        with binding.club(clubs[0].ref):
            assert seen() == {"alpha"}
        failing_binding()
        with binding.club(clubs[1].ref):
            for _ in range(2):  # the second time as well: the failure is not forgotten
                with pytest.raises((DatabaseError, psycopg.Error), match="the binding failed"):
                    seen()

    def test_would_serve_the_club_before_if_the_error_were_swallowed(
        self,
        clubs: Clubs,
        failing_binding: Callable[[], None],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        careful = DatabaseWrapper._handle_search_path

        def careless(self: DatabaseWrapper, cursor: Any = None) -> None:
            try:
                careful(self, cursor)
            except (DatabaseError, psycopg.Error):
                return

        with binding.club(clubs[0].ref):
            assert seen() == {"alpha"}
        failing_binding()
        monkeypatch.setattr(DatabaseWrapper, "_handle_search_path", careless)
        with binding.club(clubs[1].ref):
            assert seen() == {"alpha"}


def rolled_back(clubs: Clubs) -> set[str]:
    """Bind alpha, then beta inside a transaction that rolls back; return whom beta's next sees.

    The server takes the binding back with the transaction it was made in.
    """
    with binding.club(clubs[0].ref):
        assert seen() == {"alpha"}
    with binding.club(clubs[1].ref):
        with transaction.atomic():
            assert seen() == {"beta"}
            transaction.set_rollback(True)
        return seen()


def savepoint_rolled_back(clubs: Clubs) -> set[str]:
    """The same with a savepoint, inside which provisioning changes sides."""
    with binding.club(clubs[0].ref), transaction.atomic():
        assert seen() == {"alpha"}
        savepoint = transaction.savepoint_create()
        with binding._wrapper().switching_allowed(), binding.club(clubs[1].ref):
            assert seen() == {"beta"}
            transaction.savepoint_rollback(savepoint)
            return seen()


class TestRollback:
    def test_binds_again(self, clubs: Clubs) -> None:
        assert rolled_back(clubs) == {"beta"}

    def test_would_leave_the_club_before_if_it_were_not_noticed(
        self, clubs: Clubs, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(DatabaseWrapper, "rollback", TenantsWrapper.rollback)
        assert rolled_back(clubs) == {"alpha"}

    def test_to_a_savepoint_binds_again(self, clubs: Clubs) -> None:
        assert savepoint_rolled_back(clubs) == {"beta"}

    def test_to_a_savepoint_would_leave_the_club_before_if_it_were_not_noticed(
        self, clubs: Clubs, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(
            DatabaseWrapper, "savepoint_rollback", TenantsWrapper.savepoint_rollback
        )
        assert savepoint_rolled_back(clubs) == {"alpha"}


class TestReconnecting:
    def test_binds_again(self, clubs: Clubs) -> None:
        with binding.club(clubs[0].ref):
            assert seen() == {"alpha"}
            connection.close()
            assert seen() == {"alpha"}

    def test_would_leave_the_new_session_unbound_if_it_were_not_noticed(
        self, clubs: Clubs, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name in ("close", "init_connection_state"):
            monkeypatch.setattr(DatabaseWrapper, name, getattr(TenantsWrapper, name))
        with binding.club(clubs[0].ref):
            assert seen() == {"alpha"}
            connection.close()
            with pytest.raises(DatabaseError, match="does not exist"):
                seen()

    def test_serves_the_bound_club_after_the_server_hung_up(self, clubs: Clubs) -> None:
        with binding.club(clubs[0].ref):
            assert seen() == {"alpha"}
        hang_up(clubs)
        with binding.club(clubs[1].ref):
            assert seen() == {"beta"}

    def test_would_fail_on_a_dead_connection_that_nobody_looked_at(
        self, clubs: Clubs, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with binding.club(clubs[0].ref):
            assert seen() == {"alpha"}
        hang_up(clubs)
        monkeypatch.setattr(DatabaseWrapper, "_drop_if_server_left", lambda self: None)
        with (
            pytest.raises((DatabaseError, InterfaceError, psycopg.Error)),
            binding.club(clubs[1].ref),
        ):
            seen()
        connection.close()


def hang_up(clubs: Clubs) -> None:
    """Have the server end this thread's session, from another one, and wait until it has."""
    session = connection.connection.info.backend_pid

    def end() -> bool:
        with binding.platform(), connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s, 10000)", [session])
            (ended,) = cursor.fetchone()
            return bool(ended)

    assert in_thread(end) is True


class TestSwitching:
    """A transaction is one club's: what it writes and what it commits with belong together."""

    def test_inside_a_transaction_is_refused(self, clubs: Clubs) -> None:
        with binding.club(clubs[0].ref), transaction.atomic():
            assert seen() == {"alpha"}
            with pytest.raises(SwitchInTransaction):
                binding.bind(clubs[1].ref)
            with pytest.raises(SwitchInTransaction):
                binding.bind(binding.PLATFORM)
            assert binding.current_club() == clubs[0].ref
            assert seen() == {"alpha"}

    def test_by_way_of_nobody_is_refused(self, clubs: Clubs) -> None:
        with transaction.atomic():
            with binding.club(clubs[0].ref):
                assert seen() == {"alpha"}
            with pytest.raises(SwitchInTransaction), binding.club(clubs[1].ref):
                seen()
        with transaction.atomic():
            binding.bind(clubs[0].ref)
            assert seen() == {"alpha"}
            binding.release()
            with pytest.raises(SwitchInTransaction):
                binding.bind(clubs[1].ref)

    def test_from_the_process_default_is_refused(
        self, clubs: Clubs, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with monkeypatch.context() as as_in_manage_py, transaction.atomic():
            as_in_manage_py.setattr(process, "default_schema", "public")
            assert Club.objects.count() == 2
            with pytest.raises(SwitchInTransaction), binding.club(clubs[0].ref):
                seen()

    def test_inside_a_savepoint_is_refused(self, clubs: Clubs) -> None:
        with binding.club(clubs[0].ref), transaction.atomic():
            seen()
            with transaction.atomic(), pytest.raises(SwitchInTransaction):
                binding.bind(clubs[1].ref)

    def test_to_the_same_club_is_no_switch(self, clubs: Clubs) -> None:
        with binding.club(clubs[0].ref), transaction.atomic():
            assert seen() == {"alpha"}
            with binding.club(clubs[0].ref):
                assert seen() == {"alpha"}

    def test_would_happen_without_the_rule(
        self, clubs: Clubs, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(DatabaseWrapper, "_refuse_switch", lambda self, schema: None)
        with binding.club(clubs[0].ref), transaction.atomic():
            assert seen() == {"alpha"}
            with binding.club(clubs[1].ref):
                assert seen() == {"beta"}

    def test_is_provisionings_alone(self, clubs: Clubs) -> None:
        with binding.platform(), transaction.atomic():
            assert Club.objects.count() == 2
            with binding.schema_under_construction(clubs[0].ref):
                assert seen() == {"alpha"}
            assert Club.objects.count() == 2
            with pytest.raises(SwitchInTransaction):
                binding.bind(clubs[0].ref)

    def test_between_transactions_is_free(self, clubs: Clubs) -> None:
        for club in (*clubs, *clubs):
            with binding.club(club.ref), transaction.atomic():
                assert seen() == {club.ref.slug}

    def test_between_runs_of_a_decorated_function_is_free(self, clubs: Clubs) -> None:
        """As a decorator, one ``atomic`` object opens every run's transaction."""

        @transaction.atomic
        def decorated() -> set[str]:
            return seen()

        for club in (*clubs, *clubs):
            with binding.club(club.ref):
                assert decorated() == {club.ref.slug}


class TestSchemaNames:
    @pytest.mark.parametrize("name", ["", 'c_a", "c_b', "pg_catalog", "a" * 64])
    def test_that_are_none_are_not_bound(self, name: str, clubs: Clubs) -> None:
        with pytest.raises(ValueError, match="not a schema name"):
            binding._wrapper().bind_schema(name)
        with pytest.raises(ClubNotBound):
            seen()
