"""Ids that say what they are: a kind, and a number that pgbench can count.

The last group of the UUID is the number in decimal, so ``'<kind>-0000-7000-8000-' || number`` is
the id in SQL, and an id that was recorded is recognised wherever it stands.
"""

import re
from dataclasses import dataclass
from uuid import UUID

# Numbers have twelve digits, so that nothing has to be padded.
BASE = 100_000_000_000
MIDDLE = "-0000-7000-8000-"
# Below what the clock of today gives a new UUIDv7: what is filled in is older than what comes.
CUSTOMER, CODE, SUBSCRIPTION, LOT, GRANT, CHANGE, VISIT, INVOICE, PAYMENT = (
    f"00c0000{n}" for n in range(1, 10)
)
# Made while measuring, by the load generator or by pgbench; the tables' youngest ids.
SCAN = "7a000000"
NEW = "7b0000"
KNOWN = re.compile(rf"(00c0000[1-9]|{SCAN})(-?)0000-?7000-?8000-?(\d{{12}})")

# A scan's number: which run (10 to 99), which client, and its how-manieth.
RUN_STEP = 10_000_000_000
CLIENT_STEP = 10_000_000


@dataclass(frozen=True)
class Slice:
    """Customers set aside for one run: ``count`` from number ``first`` on."""

    first: int
    count: int


def uuid_of(kind: str, number: int) -> UUID:
    """Return the id of the kind with this number; the first number is 1."""
    return UUID(f"{kind}{MIDDLE}{BASE + number:012d}")


def scan_uuid(run: int, client: int, count: int) -> UUID:
    """Return the id of a client's scan in a run."""
    return UUID(f"{SCAN}{MIDDLE}{run * RUN_STEP + client * CLIENT_STEP + count:012d}")


def sql_of(kind: str, number: str) -> str:
    """Return the same in SQL, for an expression that is the number, ``BASE`` included."""
    return f"('{kind}{MIDDLE}' || {number}::text)::uuid"
