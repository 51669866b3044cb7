"""Whatever arrives at any route is answered by a problem document that names what is wrong."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from django.http import HttpResponse
from django.test import Client

from platform_shared.documents.management.commands.export_openapi import HOSTS
from platform_shared.kit import parsers, serializers
from platform_shared.kit.access import Role
from tests.permissions import checker, table
from tests.permissions.scene import Scene
from tests.permissions.table import Row
from tests.support import api, contract
from tests.support.api import Caller
from tests.support.live import WebServer, web
from tests.support.world import ClubWorld

__all__ = ["web"]

READING = [
    row
    for row in table.rows()
    if row.host == "club"
    and row.method in ("POST", "PATCH")
    and "application/json"
    in (contract.documents()[HOSTS["club"]]["paths"])
    .get(row.route.replace("<uuid:", "{").replace(">", "}"), {})
    .get(row.method.lower(), {})
    .get("requestBody", {})
    .get("content", {})
]
# Each of another type than what a field may hold: text, number, flag, list, object.
OTHERS: dict[type, list[Any]] = {
    str: [7, 1.5, True, ["x"], {"x": "y"}],
    bool: ["true", "yes", 1, 0, [], {}],
    int: ["7", 1.5, True, [], {}],
    list: ["x", 7, True, {"x": 1}],
    dict: ["x", 7, True, []],
}


def send(scene: Scene, row: Row, body: bytes, type_: str = "application/json") -> HttpResponse:
    caller = "customer" if row.statuses["customer"] < 400 else "admin"
    headers = {"Host": scene.host}
    if row.statuses["anonymous"] >= 400:
        headers["Authorization"] = f"Bearer {scene.tokens[caller]}"
    with checker.undone():
        answer: HttpResponse = Client(raise_request_exception=False).generic(
            row.method, scene.path(row), body, content_type=type_, headers=headers
        )
    return answer


def problem_of(answer: HttpResponse, status: int, code: str) -> dict[str, Any]:
    assert answer.status_code == status, answer.content
    assert answer["Content-Type"] == "application/problem+json"
    found: dict[str, Any] = json.loads(answer.content)
    assert found["code"] == code
    return found


def fields_of(answer: HttpResponse) -> set[str]:
    return {e["field"] for e in problem_of(answer, 400, "invalid_input")["errors"]}


def plain(scene: Scene, row: Row) -> dict[str, Any]:
    """Return the row's valid body as JSON has it."""
    body: dict[str, Any] = json.loads(
        json.dumps(scene.bodies[f"{row.method} {row.route}"], default=str)
    )
    return body


def leaves(body: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """Yield each value of a body with where it stands; objects and lists before what is inside."""
    if path:
        yield path, body
    if isinstance(body, dict | list):
        inner = body.items() if isinstance(body, dict) else enumerate(body)
        for key, value in inner:
            yield from leaves(value, (*path, key))


def with_value(body: Any, path: tuple[Any, ...], value: Any) -> Any:
    """Return a copy of ``body`` with another value at ``path``."""
    changed = json.loads(json.dumps(body))
    at = changed
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = value
    return changed


class TestBodies:
    @pytest.mark.parametrize("row", READING, ids=str)
    def test_that_are_no_json_are_400_everywhere(self, row: Row, club_scene: Scene) -> None:
        for body in (
            b"{",
            b"\xff",
            b'{"a": NaN}',
            b'{"a": -Infinity}',
            b'{"a": 1e400}',
            b'{"a": 1, "a": 1}',
            b'{"a": {"b": 1, "b": 2}}',
            b'{"a": ' + b"9" * 5000 + b"}",
            b"[" * 100_000,
            b"\xef\xbb\xbf{}",
        ):
            document = problem_of(send(club_scene, row, body), 400, "malformed_request")
            assert document["detail"].startswith("JSON parse error - "), body[:20]

    @pytest.mark.parametrize("row", READING, ids=str)
    def test_of_another_kind_or_too_large_are_refused_everywhere(
        self, row: Row, club_scene: Scene
    ) -> None:
        problem_of(send(club_scene, row, b"x", "text/plain"), 415, "unsupported_media_type")
        large = json.dumps({"x": "y" * 1024 * 1024}).encode()
        problem_of(send(club_scene, row, large), 413, "payload_too_large")

    @pytest.mark.parametrize("row", READING, ids=str)
    def test_with_unknown_fields_are_told_which_everywhere(
        self, row: Row, club_scene: Scene
    ) -> None:
        body = {**plain(club_scene, row), "unheard_of": 1}
        assert fields_of(send(club_scene, row, json.dumps(body).encode())) == {"unheard_of"}

    @pytest.mark.parametrize("row", READING, ids=str)
    def test_with_a_value_of_another_type_are_told_where(self, row: Row, club_scene: Scene) -> None:
        body = plain(club_scene, row)
        for path, value in leaves(body):
            for other in OTHERS[type(value)]:
                answer = send(club_scene, row, json.dumps(with_value(body, path, other)).encode())
                where = ".".join(map(str, path))
                assert all(f.startswith(where) for f in fields_of(answer)), (path, other)

    @pytest.mark.parametrize("row", READING, ids=str)
    def test_with_odd_text_are_never_our_fault(self, row: Row, club_scene: Scene) -> None:
        body = plain(club_scene, row)
        for path, value in leaves(body):
            if not isinstance(value, str):
                continue
            for other in (
                "\x00",
                "\ud800",
                "x" * 100_000,
                "2026-02-30",
                "2026-02-30T00:00:00Z",
                "0000-00-00T00:00:00Z",
                "9999-12-31T23:59:59-14:00",
                "../../etc/passwd",
            ):
                answer = send(club_scene, row, json.dumps(with_value(body, path, other)).encode())
                assert answer.status_code < 500, (path, other, answer.content)

    @pytest.mark.parametrize("row", READING, ids=str)
    def test_with_large_numbers_are_never_our_fault(self, row: Row, club_scene: Scene) -> None:
        body = plain(club_scene, row)
        for path, value in leaves(body):
            if type(value) is not int:
                continue
            for other in (-1, 2**31, 2**63, -(2**63) - 1, 10**300, 1e300):
                changed = with_value(body, path, other)
                answer = send(club_scene, row, json.dumps(changed).encode())
                if abs(other) >= 2**63:
                    assert fields_of(answer) == {".".join(map(str, path))}, other
                assert answer.status_code < 500


class TestStrictness:
    """The guards, taken away."""

    def test_of_names_that_are_there_twice(
        self, admin_a: Caller, club_scene: Scene, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        row = next(r for r in READING if str(r) == "club: POST /api/v1/locations")
        body = b'{"name": "Front", "name": "Back"}'
        document = problem_of(send(club_scene, row, body), 400, "malformed_request")
        assert "'name' is twice" in document["detail"]
        monkeypatch.setattr(parsers, "_object", dict)
        assert json.loads(send(club_scene, row, body).content)["name"] == "Back"

    def test_of_types(self, club_scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
        row = next(r for r in READING if str(r) == "club: PATCH /api/v1/club")
        body = b'{"reentry_seconds": "7", "enforce_presence": "yes"}'
        assert fields_of(send(club_scene, row, body)) == {"reentry_seconds", "enforce_presence"}
        monkeypatch.setattr(serializers, "_typed", lambda field, value: value)
        assert send(club_scene, row, body).status_code == 200

    def test_takes_an_integer_however_json_writes_it(self, club_scene: Scene) -> None:
        row = next(r for r in READING if str(r) == "club: PATCH /api/v1/club")
        assert send(club_scene, row, b'{"reentry_seconds": 7.0}').status_code == 200


class TestLists:
    @pytest.mark.parametrize("size", ["-1", "0", "x", "", "1.5", "%00", "1e3"])
    def test_refuse_a_page_of_no_size_and_name_it(self, size: str, admin_a: Caller) -> None:
        for row in table.rows():
            if row.host == "club" and row.method == "GET" and "<" not in row.route:
                answer = admin_a.get(f"{row.route}?page_size={size}")
                if row.statuses["admin"] == 200 and is_paged(row):
                    assert fields_of(answer) == {"page_size"}, row
                assert answer.status_code < 500

    @pytest.mark.parametrize("cursor", ["x", "cD0lMDA=", "%FF", "a" * 5000])
    def test_refuse_a_cursor_that_leads_nowhere_and_name_it(
        self, cursor: str, admin_a: Caller
    ) -> None:
        for row in table.rows():
            asked = row.host == "club" and row.statuses["admin"] == 200 and "<" not in row.route
            if asked and is_paged(row):
                answer = admin_a.get(f"{row.route}?cursor={cursor}")
                assert fields_of(answer) == {"cursor"}, row


def is_paged(row: Row) -> bool:
    path = contract.documents()[HOSTS["club"]]["paths"].get(row.route, {})
    names = {p["name"] for p in path.get("get", {}).get("parameters", [])}
    return row.method == "GET" and "cursor" in names


class TestBodiesInChunks:
    """What has no Content-Length is not read, so it cannot be judged."""

    def post(self, web: WebServer, club: ClubWorld, body: Any) -> httpx.Response:
        with web.client(club.host, api.access_token(club, Role.CLUB_ADMIN)) as client:
            return client.post(
                "locations", content=body, headers={"Content-Type": "application/json"}
            )

    def test_are_411(self, web: WebServer, live_database: Any, world: Any) -> None:
        answer = self.post(web, world.a, iter([b'{"name": ', b'"Back"}']))
        assert answer.status_code == 411
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert answer.json()["code"] == "length_required"

    def test_beyond_the_limit_are_413_or_411(
        self, web: WebServer, live_database: Any, world: Any
    ) -> None:
        large = b'{"name": "' + b"x" * 2 * 1024 * 1024 + b'"}'
        assert self.post(web, world.a, large).json()["code"] == "payload_too_large"
        assert self.post(web, world.a, iter([large])).json()["code"] == "length_required"
