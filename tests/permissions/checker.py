"""Holds the table against what the hosts answer."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import transaction

from platform_shared.documents.management.commands.export_openapi import HOSTS
from platform_shared.documents.management.commands.export_permissions import routes
from platform_shared.tenancy import binding
from tests.permissions import state
from tests.permissions.scene import Scene
from tests.permissions.table import Row
from tests.support.throttling import forget_budgets

# What a refusal says, by caller; of a caller who is in the right place it says ``forbidden``.
CODES = {
    "anonymous": "not_authenticated",
    "platform": "support_session_required",
    "other": "invalid_token",
    "gone": "invalid_token",
    "out": "invalid_token",
}


# That support has asked is on record before it is known whether there is such a thing.
ON_RECORD = "public.clubs_supportaction"


def differences(rows: list[Row]) -> dict[str, set[str]]:
    """Return the routes that no row speaks of, and the rows that speak of no route."""
    written = {str(row) for row in rows}
    existing = {
        f"{host}: {method} {path}"
        for host, urlconf in HOSTS.items()
        for method, path, _ in routes(urlconf)
    }
    return {"without a row": existing - written, "without a route": written - existing}


def violations(row: Row, scene: Scene) -> list[str]:
    """Return what the hosts answer otherwise than the row says; each caller starts afresh.

    A refused call and a safe one must leave every table as it was, and an unsafe one that is
    allowed must not, or else its valid body would not be one.
    """
    found = []
    before = state.contents()
    for caller, expected in row.statuses.items():
        with undone():
            response = scene.ask(row, caller)
            problem = _wrong_answer(caller, expected, response)
            if response.status_code < 500:  # after a crash the transaction may not answer
                changed = state.changed(before, state.contents())
                if caller == "support" and expected >= 400:
                    changed = [table for table in changed if table != ON_RECORD]
                problem = problem or _wrong_effect(row.method, expected, changed)
        if problem:
            found.append(f"{row} by {caller}: {problem}")
    return found


@contextmanager
def undone() -> Iterator[None]:
    """Take back what the block does.

    A savepoint by hand, not ``atomic``: inside that, the club of the connection cannot change.
    """
    with binding.platform():
        savepoint = transaction.savepoint_create()
    try:
        yield
    finally:
        with binding.platform():
            transaction.savepoint_rollback(savepoint)
            forget_budgets()


def _wrong_answer(caller: str, expected: int, response: Any) -> str | None:
    if response.status_code != expected:
        return f"{response.status_code} instead of {expected}"
    if expected < 400:
        return None
    if response.headers["Content-Type"] != "application/problem+json":
        return "the refusal is no problem document"
    code = json.loads(response.content)["code"]
    known = {404: "not_found", 403: "forbidden", 401: "invalid_token"}[expected]
    wanted = CODES.get(caller, known) if expected in (401, 403) else known
    # On the platform host every club's token, and nobody's, is a stranger's.
    return None if code == wanted else f"code {code} instead of {wanted}"


def _wrong_effect(method: str, expected: int, changed: list[str]) -> str | None:
    if method == "GET" or expected >= 400:
        return f"changed {', '.join(changed)}" if changed else None
    return None if changed else "changed nothing"
