"""The connection serves exactly one schema, notices when it is dead, and fails closed."""

import os
import select
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any, cast

import psycopg
import pytest
from django.conf import settings
from django.db import DatabaseError, OperationalError, connection, transaction
from django_tenants.postgresql_backend.base import DatabaseWrapper as TenantsWrapper

from platform_shared.clubs.models import Club
from platform_shared.tenancy import binding, process
from platform_shared.tenancy.postgres.base import DatabaseWrapper
from tests.conftest import LiveDatabase
from tests.platform_shared.kit.waiting import eventually
from tests.support.world import ClubWorld

wrapper = cast("DatabaseWrapper", connection)


def ask(statement: str) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        row = cursor.fetchone()
    assert row is not None
    return row[0]


@pytest.fixture
def kill(live_database: LiveDatabase) -> Iterator[Callable[[], None]]:
    """End this process's connection from the server's side, and wait until that has arrived."""

    def end() -> None:
        with psycopg.connect(live_database.url, autocommit=True) as other:
            other.execute("SELECT pg_terminate_backend(%s)", [backend])
        poller = select.poll()
        poller.register(wrapper.connection.fileno(), select.POLLIN)
        assert eventually(lambda: bool(poller.poll(0)))

    with binding.platform():
        backend = ask("SELECT pg_backend_pid()")
    yield end
    wrapper.close()


class TestBindSchema:
    @pytest.mark.parametrize("name", ["", "pg_catalog", 'x"; DROP SCHEMA public; --', "x" * 64])
    def test_refuses_what_is_no_schema(self, db: None, name: str) -> None:
        with pytest.raises(ValueError, match="not a schema name"):
            wrapper.bind_schema(name)

    def test_notices_that_the_server_has_hung_up(self, kill: Callable[[], None]) -> None:
        kill()
        with binding.platform():
            assert ask("SELECT 1") == 1

    def test_would_fail_the_next_request_without_looking(
        self, kill: Callable[[], None], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(DatabaseWrapper, "_drop_if_server_left", lambda self: None)
        kill()
        with binding.platform(), pytest.raises(OperationalError):
            ask("SELECT 1")

    def test_keeps_a_connection_that_is_alive(self, live_database: LiveDatabase) -> None:
        with binding.platform():
            first = ask("SELECT pg_backend_pid()")
        with binding.platform():
            assert ask("SELECT pg_backend_pid()") == first

    def test_drops_a_connection_that_cannot_even_be_looked_at(
        self, live_database: LiveDatabase
    ) -> None:
        with binding.platform():
            first = ask("SELECT pg_backend_pid()")
        wrapper.connection.close()  # behind Django's back
        with binding.platform():
            assert ask("SELECT pg_backend_pid()") != first


class TestSearchPath:
    def test_shows_the_club_first_and_the_platform_behind_it(self, bound_a: ClubWorld) -> None:
        assert ask("SHOW search_path") == f'"{bound_a.ref.schema_name}", "public"'
        assert ask("SELECT count(*) FROM clubs_club") == 2

    def test_shows_the_platform_alone(self, platform_bound: None) -> None:
        assert ask("SHOW search_path") == '"public"'

    def test_costs_one_statement_a_binding(
        self, live_database: LiveDatabase, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        told = []
        execute = psycopg.Cursor.execute

        def note(cursor: Any, query: Any, *args: Any, **kwargs: Any) -> Any:
            told.append(str(query))
            return execute(cursor, query, *args, **kwargs)

        monkeypatch.setattr(process, "limits", settings.WEB_LIMITS)
        with binding.platform():
            ask("SELECT 1")
        monkeypatch.setattr(psycopg.Cursor, "execute", note)
        with binding.platform():
            for _ in range(3):
                ask("SELECT 1")
        assert [text.split()[1].split("(")[0] for text in told] == ["set_config", "1", "1", "1"]

    def test_raises_where_it_cannot_be_set(self, live_database: LiveDatabase) -> None:
        with binding.platform(), pytest.raises(DatabaseError), transaction.atomic():  # noqa: PT012
            with pytest.raises(DatabaseError):
                ask("SELECT 1/0")
            wrapper.release_schema()
            wrapper.bind_schema("public")
            ask("SELECT 1")  # the transaction is broken: nothing may run before it is told
        assert wrapper._applied is None

    @pytest.mark.parametrize(("guarded", "served"), [(True, "alpha"), (False, "public")])
    def test_is_set_anew_after_a_rollback_to_a_savepoint(
        self,
        live_database: LiveDatabase,
        world: Any,
        monkeypatch: pytest.MonkeyPatch,
        guarded: bool,
        served: str,
    ) -> None:
        """The server forgets what was set inside; without the guard we would not notice."""
        if not guarded:
            monkeypatch.setattr(
                DatabaseWrapper, "savepoint_rollback", TenantsWrapper.savepoint_rollback
            )
        with binding.platform(), wrapper.switching_allowed(), transaction.atomic():
            ask("SELECT 1")
            with suppress(KeyError), transaction.atomic():
                binding.bind(world.a.ref)
                ask("SELECT 1")
                raise KeyError
            expected = world.a.ref.schema_name if served == "alpha" else "public"
            assert ask("SELECT current_schema()") == expected

    @pytest.mark.parametrize(("guarded", "served"), [(True, "alpha"), (False, "public")])
    def test_is_set_anew_after_a_rollback(
        self,
        live_database: LiveDatabase,
        world: Any,
        monkeypatch: pytest.MonkeyPatch,
        guarded: bool,
        served: str,
    ) -> None:
        if not guarded:
            monkeypatch.setattr(DatabaseWrapper, "rollback", TenantsWrapper.rollback)
        with binding.platform():
            ask("SELECT 1")
        with binding.club(world.a.ref):
            with suppress(KeyError), transaction.atomic():
                ask("SELECT 1")
                raise KeyError
            expected = world.a.ref.schema_name if served == "alpha" else "public"
            assert ask("SELECT current_schema()") == expected

    def test_is_set_anew_on_a_new_connection(self, live_database: LiveDatabase, world: Any) -> None:
        with binding.club(world.a.ref):
            ask("SELECT 1")
            wrapper.close()
            assert ask("SELECT current_schema()") == world.a.ref.schema_name


class TestLimits:
    def test_travel_with_the_binding(
        self, live_database: LiveDatabase, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert (ask("SHOW statement_timeout"), ask("SHOW lock_timeout")) == ("0", "0")
        monkeypatch.setattr(process, "limits", settings.WEB_LIMITS)
        with binding.platform():
            assert (ask("SHOW statement_timeout"), ask("SHOW lock_timeout")) == ("20s", "10s")


class TestConnection:
    @pytest.mark.skipif(sys.platform != "linux", reason="the options' names are Linux's")
    def test_notices_a_peer_that_has_vanished(self, db: None) -> None:
        ask("SELECT 1")
        with socket.socket(fileno=os.dup(wrapper.connection.fileno())) as line:
            assert line.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
            told = [
                line.getsockopt(socket.IPPROTO_TCP, option)
                for option in (
                    socket.TCP_USER_TIMEOUT,
                    socket.TCP_KEEPIDLE,
                    socket.TCP_KEEPINTVL,
                    socket.TCP_KEEPCNT,
                )
            ]
        assert told == [15000, 10, 5, 3]


class TestSetTenant:
    def test_binds_as_django_tenants_would(self, platform_bound: None, club_a: ClubWorld) -> None:
        club = Club.objects.get(pk=club_a.ref.id)
        wrapper.set_tenant(club)
        assert ask("SELECT current_schema()") == club.schema_name
        assert wrapper.tenant == club
