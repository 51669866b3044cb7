"""Whose data this thread works on: one club's, the platform's, or nobody's.

A binding belongs to the thread's context and to its database connection at once. Nothing is
bound by default in web and worker processes: a query before a binding is an error, not a look
into the public schema.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Final, cast

from django.db import connection

from platform_shared.kit import context
from platform_shared.tenancy import process
from platform_shared.tenancy.club_ref import ClubRef
from platform_shared.tenancy.errors import ClubNotBound

if TYPE_CHECKING:
    from platform_shared.tenancy.postgres.base import DatabaseWrapper

PLATFORM: Final = "platform"
Binding = ClubRef | str | None

_bound: ContextVar[Binding] = ContextVar("bound_club", default=None)


def _wrapper() -> "DatabaseWrapper":
    return cast("DatabaseWrapper", connection)


def default_to_platform() -> None:
    """Bind whatever this process does to the platform unless told otherwise (``manage.py``)."""
    process.default_schema = "public"


def current() -> Binding:
    """Return the bound club, ``PLATFORM``, or None when nothing is bound."""
    return _bound.get() or (PLATFORM if process.default_schema else None)


def current_club() -> ClubRef:
    """Return the bound club.

    Raises:
        ClubNotBound: nothing is bound, or the platform is.
    """
    bound = current()
    if not isinstance(bound, ClubRef):
        raise ClubNotBound("this needs a club, and none is bound")
    return bound


def scope() -> str:
    """Return the prefix of everything kept outside the database: the club's id or ``platform``."""
    bound = current()
    if bound is None:
        raise ClubNotBound("nothing is bound: neither a club nor the platform")
    return str(bound.id) if isinstance(bound, ClubRef) else bound


def bind(target: ClubRef | str) -> None:
    """Bind this thread until ``release``; the next statement carries the binding.

    Raises:
        SwitchInTransaction: a transaction is open for someone else.
    """
    schema = target.schema_name if isinstance(target, ClubRef) else "public"
    _wrapper().bind_schema(schema)
    _bound.set(target)
    bound = target if isinstance(target, ClubRef) else None
    context.club_slug.set(None if bound is None else bound.slug)
    context.club_id.set(None if bound is None else str(bound.id))


def release() -> None:
    """Unbind this thread: the next statement without a new binding is an error."""
    _bound.set(None)
    _wrapper().release_schema()
    # The slug stays in the log context: the request's own line is written after this.


@contextmanager
def _scope_of(target: ClubRef | str) -> Iterator[None]:
    before = _bound.get()
    bind(target)
    try:
        yield
    finally:
        if before is None:
            release()
        else:
            bind(before)


@contextmanager
def club(ref: ClubRef) -> Iterator[None]:
    """Bind the club inside the block, and what was bound before after it."""
    with _scope_of(ref):
        yield


@contextmanager
def platform() -> Iterator[None]:
    """Bind the platform inside the block, and what was bound before after it."""
    with _scope_of(PLATFORM):
        yield


@contextmanager
def schema_under_construction(ref: ClubRef) -> Iterator[None]:
    """Bind a club that is being made, inside the transaction that makes it.

    The only way to change sides within a transaction: provisioning writes the club's row, its
    schema and its first rows in one, so that a failure leaves nothing.
    """
    with _wrapper().switching_allowed(), _scope_of(ref):
        yield
