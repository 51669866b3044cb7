"""Locks on things that have no row yet, or whose row must not be locked."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

SQL = "SELECT pg_advisory_xact_lock(%s)"


def number(*names: str) -> int:
    """Return the signed 64-bit number that PostgreSQL's advisory locks know ``names`` by."""
    digest = hashlib.sha256("\x1f".join(names).encode()).digest()
    return int.from_bytes(digest[:8], "big", signed=True)


def take(*names: str) -> None:
    """Wait for and hold the lock of ``names`` until the transaction ends.

    Names of a club's things must include the club's id: the lock space is the database's.
    """
    with connection.cursor() as cursor:
        cursor.execute(SQL, (number(*names),))


def take_shared(*names: str) -> None:
    """Wait for and hold the lock of ``names`` beside others who share it; ``take`` shares none."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock_shared(%s)", (number(*names),))


def try_take(*names: str) -> bool:
    """Take the lock of ``names`` as ``take`` does, unless somebody holds it; return whether."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", (number(*names),))
        (taken,) = cursor.fetchone()
        return bool(taken)


@contextmanager
def held(*names: str) -> Iterator[bool]:
    """Hold the lock of ``names`` inside the block, across its transactions; yield whether.

    Nobody waits for it: who finds it taken goes away. It is the database session's, so that a
    process that dies lets go of it.
    """
    key = number(*names)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", (key,))
        (taken,) = cursor.fetchone()
    try:
        yield bool(taken)
    finally:
        if taken:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", (key,))
