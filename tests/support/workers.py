"""Processes of one run that share a PostgreSQL and a Valkey: each has what is in them for itself.

Databases carry the process's number in their names (``tests/conftest.py``). Of Valkey each worker
takes a database of its own, because every test empties it. A plugin rather than a part of the
conftest: the settings are read before that is, and servers that tests start inherit the address.
"""

import os
from urllib.parse import urlsplit, urlunsplit

DATABASES = 16  # Valkey's default


def valkey_of(url: str, worker: str) -> str:
    """Return ``url`` with the database of the worker, which is called ``gw0``, ``gw1`` ...

    Raises:
        ValueError: there are more workers than Valkey has databases.
    """
    number = int(worker.removeprefix("gw"))
    if number >= DATABASES:
        raise ValueError(f"Valkey has {DATABASES} databases, too few for worker {worker}")
    return urlunsplit(urlsplit(url)._replace(path=f"/{number}"))


if worker := os.environ.get("PYTEST_XDIST_WORKER"):
    os.environ["REDIS_URL"] = valkey_of(os.environ["REDIS_URL"], worker)
