"""The test database, the world in it, and a second one for real servers and connections.

The first database is built once per session and every test rolls back. ``live_database`` is a
copy of it (`CREATE DATABASE ... TEMPLATE`) in which tests commit for real; each module that asks
for it starts with a fresh one.
"""

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest
from django.conf import settings
from django.db import connection, connections
from psycopg import sql
from redis.exceptions import RedisError

from deploy.local import stack
from platform_shared.kit.access import Role
from platform_shared.tenancy import binding
from tests.support import api as api_support
from tests.support.api import Caller
from tests.support.world import ClubWorld, build_club, build_platform

_world = SimpleNamespace()


def pytest_configure(config: pytest.Config) -> None:
    """Refuse services that were not started for this run: every test empties Valkey."""
    # A worker's process was started by one that has been asked already, with its own Valkey since.
    is_worker = hasattr(config, "workerinput")
    if not is_worker and not stack.is_throwaway(os.environ):
        raise pytest.UsageError(
            "the tests empty what they run against, so they need services of their own: "
            'make test ARGS="..."'
        )


# What takes longest, in front: begun last, one process would work on it while the others are done.
LONGEST = (
    "tests/contract/test_conformance.py",
    "tests/tenant_apps/subscriptions/test_machine.py",
    "tests/deploy/",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the longest files first, the others in their order."""
    items.sort(key=lambda item: not item.nodeid.startswith(LONGEST))


@pytest.fixture(scope="session")
def django_db_setup(django_test_environment: None, django_db_blocker: Any) -> Iterator[None]:
    """Create both databases, with the world in them, and drop them at the end."""
    base = f"test_{os.getpid()}"
    binding.default_to_platform()  # as manage.py does; tests of the web's default undo it
    with django_db_blocker.unblock():
        with _maintenance() as admin:
            admin.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(base)))
        _use_database(base)
        from django.core.management import call_command

        call_command("migrate", verbosity=0, interactive=False)
        build_platform()
        _world.a, _world.b = build_club("alpha"), build_club("beta")
        connections.close_all()
        _copy_database(base, f"{base}_pristine")
        _copy_database(base, f"{base}_live")
    yield
    with django_db_blocker.unblock():
        connections.close_all()
        with _maintenance() as admin:
            for suffix in ("", "_live", "_pristine"):
                _drop_database(admin, base + suffix)


def _copy_database(source: str, target: str) -> None:
    """Make ``target`` a fresh copy of ``source``, to which nobody may be connected."""
    with _maintenance() as admin:
        _drop_database(admin, target)
        admin.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
                sql.Identifier(target), sql.Identifier(source)
            )
        )


def _drop_database(admin: psycopg.Connection[Any], name: str) -> None:
    admin.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def _maintenance() -> psycopg.Connection[Any]:
    values = settings.DATABASES["default"]
    return psycopg.connect(
        dbname="postgres",
        user=values["USER"],
        password=values["PASSWORD"],
        host=values["HOST"],
        port=values["PORT"],
        autocommit=True,
    )


def _use_database(name: str) -> None:
    connection.close()
    connections.databases["default"]["NAME"] = name
    connection.settings_dict["NAME"] = name


@pytest.fixture(scope="session")
def world(django_db_setup: None) -> SimpleNamespace:
    """The two clubs, ``a`` and ``b``."""
    return _world


@pytest.fixture
def club_a(db: None, world: SimpleNamespace) -> ClubWorld:
    return world.a


@pytest.fixture
def club_b(db: None, world: SimpleNamespace) -> ClubWorld:
    return world.b


@pytest.fixture
def bound_a(club_a: ClubWorld) -> Iterator[ClubWorld]:
    """Club a, bound for the whole test; for tests of services and selectors."""
    with binding.club(club_a.ref):
        yield club_a


@pytest.fixture
def platform_bound(db: None) -> Iterator[None]:
    with binding.platform():
        yield


@pytest.fixture
def admin_a(club_a: ClubWorld) -> Caller:
    return api_support.as_role(club_a, Role.CLUB_ADMIN)


@pytest.fixture
def staff_a(club_a: ClubWorld) -> Caller:
    return api_support.as_role(club_a, Role.CLUB_STAFF)


@pytest.fixture
def customer_a(club_a: ClubWorld) -> Caller:
    return api_support.as_role(club_a, Role.CUSTOMER)


@pytest.fixture
def root(db: None, world: SimpleNamespace) -> Caller:
    return api_support.as_role(None, Role.SYSTEM_ADMIN)


@pytest.fixture(scope="session", autouse=True)
def _documented() -> Iterator[None]:
    """No answer that a test gets is one that the API documents don't know."""
    from tests.support import contract

    with contract.watching():
        yield


@pytest.fixture
def undocumented() -> Iterator[None]:
    """For a test that takes a guard away, and so gets what no operation ever answers."""
    from tests.support import contract

    with contract.unwatched():
        yield


@pytest.fixture(autouse=True)
def _fresh_caches(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What one test has cached, in the process or in Valkey, is not there for the next.

    And no thread writes when an API key was used: it would not see what is not committed.
    """
    from platform_shared.kit import shared_cache, valkey
    from tenant_apps.api_keys import usage
    from tests.support import statements

    monkeypatch.setattr(usage, "write_later", lambda *_: None)
    usage._noted.clear()
    yield
    statements.forget()
    for kept in shared_cache._listener._caches.values():
        kept.forget_all()
    with suppress(RedisError):  # a test may have taken Valkey away
        valkey.client().flushdb()


@dataclass(frozen=True)
class LiveDatabase:
    """The database in which tests commit; ``url`` is for processes of their own."""

    name: str
    url: str


@pytest.fixture(scope="module")
def _fresh_live_database(django_db_setup: None, django_db_blocker: Any) -> None:
    """Undo what the module before has committed; a server that is connected connects again."""
    base = connections.databases["default"]["NAME"]
    with django_db_blocker.unblock():
        _copy_database(f"{base}_pristine", f"{base}_live")


@pytest.fixture
def live_database(_fresh_live_database: None, django_db_blocker: Any) -> Iterator[LiveDatabase]:
    """Point this process's connections, and every new thread's, at the committing database."""
    values = connections.databases["default"]
    base = values["NAME"]
    name = f"{base}_live"
    url = (
        f"postgresql://{values['USER']}:{values['PASSWORD']}"
        f"@{values['HOST']}:{values['PORT']}/{name}"
    )
    with django_db_blocker.unblock():
        _use_database(name)
        try:
            yield LiveDatabase(name, url)
        finally:
            _use_database(base)
