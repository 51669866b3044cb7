"""Every unsafe route, sent twice with one ``Idempotency-Key``: done once, answered alike."""

import re
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from platform_shared.documents.management.commands.export_openapi import HOSTS, document
from platform_shared.kit import idempotency
from platform_shared.kit.views import ApiView
from tests.architecture.test_access import api_views
from tests.permissions import checker, state, table
from tests.permissions.scene import Scene
from tests.permissions.table import Row
from tests.support import contract
from tests.support.api import Caller

UNSAFE = [row for row in table.rows() if row.method != "GET"]
# What looks at no key, and why.
NOBODYS = "anybody may call it: there is nobody whose key it could be"
IGNORING = {
    "POST /api/v1/auth/token": NOBODYS,
    "POST /api/v1/auth/token/refresh": NOBODYS,
    "POST /api/v1/auth/logout": NOBODYS,
    "POST /api/v1/auth/password": NOBODYS,
    "POST /api/v1/auth/password-links": NOBODYS,
    "POST /api/v1/registrations": NOBODYS,
    "POST /api/v1/registrations/confirm": NOBODYS,
    "POST /api/v1/clubs/<uuid:club_id>/support-sessions": "a sign-in: its answer is a token",
    "POST /api/v1/api-keys": "its answer is a secret",
    "POST /api/v1/api-keys/<uuid:key_id>/rotate": "its answer is a secret",
    "POST /api/v1/door/scans": "a scan has its scan_id, and no round trip to spare",
    "POST /api/v1/qr-codes/sheets": "may be printed again, and a PDF is large",
}
HONOURING = [row for row in UNSAFE if f"{row.method} {row.route}" not in IGNORING]
KEPT_IN = "idempotency_keptanswer"


def operation(row: Row) -> str:
    return f"{row.method} {row.route}"


def ask(row: Row, scene: Scene, caller: str, key: str, *, otherwise: bool = False) -> Any:
    """Send the row's request by a key; ``otherwise``, one with something more in its body."""
    asking, body = Caller(scene.host, scene.tokens[caller]), scene.bodies[operation(row)]
    if otherwise:
        body = body + "Ido\n" if isinstance(body, str) else {**(body or {}), "more": 1}
    headers = {**scene.headers.get(operation(row), {}), idempotency.HEADER: key}
    return asking.request(row.method, scene.path(row), body, **headers)


def refusal_of_another(row: Row) -> tuple[int, str]:
    """Return what a request with something more in its body is answered by the same key.

    One that takes no body is refused before its key is looked at.
    """
    path = re.sub("<uuid:([a-z_]+)>", r"{\1}", row.route)
    told = contract.documents()[HOSTS[row.host]]["paths"][path][row.method.lower()]
    takes_body = "requestBody" in told
    return (422, "idempotency_key_reused") if takes_body else (400, "invalid_input")


def faults(row: Row, scene: Scene) -> list[str]:
    """Return what is wrong with the answers to a request, its repeat, and another by its key."""
    caller = "platform" if row.host == "platform" else "admin"
    if row.statuses[caller] >= 400:
        caller = "customer"
    found = []
    with checker.undone():
        first = ask(row, scene, caller, "k-1")
        after_first = state.contents()
        second = ask(row, scene, caller, "k-1")
        after_second = state.contents()
        other = ask(row, scene, caller, "k-1", otherwise=True)
        if first.status_code != row.statuses[caller]:
            found.append(f"first answered {first.status_code}")
        if idempotency.REPLAYED in first.headers:
            found.append("first is said to be a repeat")
        if second.headers.get(idempotency.REPLAYED) != "true":
            found.append("repeat is not said to be one")
        if (first.status_code, first.content) != (second.status_code, second.content):
            found.append("repeat is answered otherwise")
        if first.headers.get("Content-Type") != second.headers.get("Content-Type"):
            found.append("repeat has another type")
        if changed := state.changed(after_first, after_second):
            found.append(f"repeat changed {', '.join(changed)}")
        if (other.status_code, other.json().get("code")) != refusal_of_another(row):
            found.append(f"another request answered {other.status_code}")
    return found


class TestRoutes:
    def test_look_at_the_key_or_are_on_the_list(self) -> None:
        ignoring = {
            f"{method} {path}"
            for path, view in api_views()
            for method in view.access
            if method != "GET" and not idempotency.is_honoured(view, method)
        }
        assert ignoring == set(IGNORING)
        assert len(HONOURING) > 35

    def test_say_so_in_the_documents(self) -> None:
        described = {
            f"{host}: {method.upper()} {re.sub('{([a-z_]+)}', '<uuid:\\1>', path)}"
            for host, urlconf in HOSTS.items()
            for path, methods in document(urlconf)["paths"].items()
            for method, said in methods.items()
            if idempotency.HEADER in {p["name"] for p in said.get("parameters", ())}
        }
        assert described == {str(row) for row in HONOURING}

    @pytest.mark.parametrize("row", [r for r in HONOURING if r.host == "club"], ids=str)
    def test_do_once_what_comes_twice_at_a_club(self, row: Row, club_scene: Scene) -> None:
        assert faults(row, club_scene) == []

    @pytest.mark.parametrize("row", [r for r in HONOURING if r.host == "platform"], ids=str)
    def test_do_once_what_comes_twice_at_the_platform(
        self, row: Row, platform_scene: Scene
    ) -> None:
        assert faults(row, platform_scene) == []

    def test_would_be_found_doing_it_twice(
        self, club_scene: Scene, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (row,) = [r for r in HONOURING if operation(r) == "POST /api/v1/sales"]
        monkeypatch.setattr(ApiView, "honours_idempotency_key", False)
        found = faults(row, club_scene)
        assert "repeat is not said to be one" in found
        assert "repeat is answered otherwise" in found
        assert any("invoices_invoice" in fault for fault in found)


class TestRoutesThatIgnoreIt:
    @pytest.mark.parametrize(
        "row", [r for r in UNSAFE if r.host == "club" and r not in HONOURING], ids=str
    )
    def test_keep_no_answer(self, row: Row, club_scene: Scene) -> None:
        before = state.contents()
        # Not even a key that is none is looked at.
        answer = ask(row, club_scene, "admin", "no key")
        assert answer.status_code == row.statuses["admin"]
        assert idempotency.REPLAYED not in answer.headers
        changed = state.changed(before, state.contents())
        assert not [name for name in changed if name.endswith(KEPT_IN)]

    def test_ask_the_database_no_more_for_a_scan_with_a_key(self, club_scene: Scene) -> None:
        (row,) = [r for r in UNSAFE if r.route == "/api/v1/door/scans"]
        statements = []
        for key in (None, "k-1"):
            headers = {} if key is None else {idempotency.HEADER: key}
            scan = {**club_scene.bodies[operation(row)], "scan_id": str(uuid4())}
            door = Caller(club_scene.host, club_scene.tokens["staff"])
            door.get("me")  # who it is, is known from now on
            with CaptureQueriesContext(connection) as queries:
                assert door.post("door/scans", scan, **headers).status_code == 201
            statements.append(len(queries))
        assert statements[0] == statements[1] > 0
