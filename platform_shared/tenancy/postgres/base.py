"""The database backend: django-tenants' schema awareness, bound once and failing closed.

What differs from django-tenants' own wrapper, and why:

- one statement a binding instead of one a cursor (a round trip each);
- a failed binding raises: its ``_handle_search_path`` swallows the error, and the connection
  then still serves the previous club;
- nothing bound is an error instead of the public schema;
- rollback, rollback to a savepoint and a new connection forget the binding, so that the next
  statement binds again;
- the club cannot be changed inside an open transaction;
- the process's limits travel with the binding: no round trip of their own, and no startup
  parameter, which a pooler would refuse;
- a connection that the server has closed is noticed before it is used, without a round trip.
"""

import os
import select
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from typing import Any

from django_tenants.postgresql_backend.base import DatabaseWrapper as TenantsWrapper
from django_tenants.postgresql_backend.base import is_valid_schema_name

from platform_shared.tenancy import process
from platform_shared.tenancy.errors import ClubNotBound, SwitchInTransaction

PUBLIC = "public"


class DatabaseWrapper(TenantsWrapper):  # type: ignore[misc]
    """A connection that serves exactly one schema (and the shared tables) at a time."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._applied: str | None = None  # the schema the server session is known to be on
        self._switching_allowed = False
        self._asked: str | None = None  # the schema that somebody bound
        self._served: tuple[Any, str] | None = None  # the open transaction and whose it is
        super().__init__(*args, **kwargs)
        self._asked = None  # the parent binds public

    @property
    def schema_name(self) -> str | None:
        """The schema to serve; django-tenants' router and introspection ask for it."""
        return self._asked or process.default_schema

    @schema_name.setter
    def schema_name(self, schema: str | None) -> None:
        self._asked = schema

    # -- what is asked for -------------------------------------------------------------------

    def bind_schema(self, schema: str) -> None:
        """Serve ``schema`` from the next statement on.

        Raises:
            SwitchInTransaction: a transaction is open and another schema is bound.
        """
        if not is_valid_schema_name(schema):
            raise ValueError("not a schema name")
        self._refuse_switch(schema)
        self.schema_name = schema
        self.settings_dict["SCHEMA"] = schema
        if not self.in_atomic_block:
            self._applied = None  # one binding a request: never trust what the last one left
            self._drop_if_server_left()

    def release_schema(self) -> None:
        """Serve nobody until the next binding."""
        self.schema_name = None
        self._applied = None

    @contextmanager
    def switching_allowed(self) -> Iterator[None]:
        """Lift the rule against switching inside a transaction, for provisioning."""
        before, self._switching_allowed = self._switching_allowed, True
        try:
            yield
        finally:
            self._switching_allowed = before

    def _open_transaction(self) -> Any:
        """Return the outermost open atomic block, the one around a whole test left out."""
        blocks = (a for a in self.atomic_blocks if not getattr(a, "_from_testcase", False))
        return next(blocks, None)

    def _refuse_switch(self, schema: str) -> None:
        """Refuse ``schema`` where the open transaction has served another one."""
        transaction = self._open_transaction()
        if transaction is None:
            self._served = None
        if self._switching_allowed or self._served is None:
            return
        block, served = self._served
        if block is transaction and served != schema:
            raise SwitchInTransaction("the club cannot change inside a transaction")

    def _drop_if_server_left(self) -> None:
        """Close a connection whose server has hung up: an idle one has nothing to read."""
        if self.connection is None or self.in_atomic_block:
            return
        try:
            poller = select.poll()  # not select(): that one fails beyond 1,024 descriptors
            poller.register(self.connection.fileno(), select.POLLIN)
            gone = self.connection.closed or bool(poller.poll(0))
        except (OSError, ValueError, self.Database.Error):
            gone = True
        if gone:
            self.close()

    @contextmanager
    def answering_within(self, seconds: float) -> Iterator[None]:
        """Hang up on a server that has not answered in time, so that what waits for it fails.

        Its own limits do not help where it does not run: stopped, or behind a pooler that waits.
        """
        self.ensure_connection()
        with socket.socket(fileno=os.dup(self.connection.fileno())) as line:
            timer = threading.Timer(seconds, line.shutdown, [socket.SHUT_RDWR])
            timer.start()
            try:
                yield
            finally:
                timer.cancel()
                timer.join()

    # -- django-tenants' names for the same, used by its router and commands -------------------

    def set_tenant(self, tenant: Any, include_public: bool = True) -> None:
        self.tenant = tenant
        self.bind_schema(tenant.schema_name)

    # -- what the server is told -----------------------------------------------------------------

    def apply_binding(self) -> None:
        """Send the binding unless the server has it: for statements sent past Django's cursors.

        Raises:
            ClubNotBound: nothing is bound.
            SwitchInTransaction: the open transaction has served another schema.
        """
        self._handle_search_path()

    def _handle_search_path(self, cursor: Any = None) -> None:
        schema = self.schema_name
        if schema is None:
            raise ClubNotBound("a query ran before a club or the platform was bound")
        self._refuse_switch(schema)
        if not self._switching_allowed:
            transaction = self._open_transaction()
            self._served = None if transaction is None else (transaction, schema)
        if self._applied == schema:
            return
        path = f'"{PUBLIC}"' if schema == PUBLIC else f'"{schema}", "{PUBLIC}"'
        limits = ", set_config(%s, %s, false)" * len(process.limits)
        values = [path, *chain.from_iterable(process.limits.items())]
        # A cursor of its own: in pipeline mode results queue up per cursor, and this one's would
        # be taken for the caller's. The caller's cursor never runs when this raises.
        own = self.connection.cursor()
        try:
            with self.wrap_database_errors:
                own.execute(f"SELECT set_config('search_path', %s, false){limits}", values)
            self._applied = schema
        except BaseException:
            self._applied = None
            raise
        finally:
            own.close()

    def init_connection_state(self) -> None:
        self._applied = None
        super().init_connection_state()

    def close(self) -> None:
        self._applied = None
        super().close()

    def rollback(self) -> None:
        self._applied = None
        super().rollback()

    def savepoint_rollback(self, sid: str) -> None:
        super().savepoint_rollback(sid)
        self._applied = None
