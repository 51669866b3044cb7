"""Every operation reads what its documents say, and refuses the rest."""

from collections.abc import Iterator
from typing import Any

import pytest

from platform_shared.documents.management.commands.export_openapi import HOSTS, document
from platform_shared.kit import views
from platform_shared.kit.views import ApiView
from tests.permissions import checker, state, table
from tests.permissions.scene import Scene
from tests.permissions.table import Row
from tests.support.api import Caller


@pytest.fixture
def scenes(club_scene: Scene, platform_scene: Scene) -> dict[str, Scene]:
    return {"club": club_scene, "platform": platform_scene}


class Anything:
    """A serializer that takes whatever it gets."""

    def __init__(self, data: Any) -> None:
        assert data is not None

    def is_valid(self, raise_exception: bool) -> bool:
        return True


class TestEveryOperation:
    """What it reads is what its documents say; the rest is refused, and nothing changes."""

    @pytest.mark.parametrize("host", HOSTS)
    def test_refuses_a_name_in_the_query_that_nothing_reads(
        self, scenes: dict[str, Scene], host: str
    ) -> None:
        assert {answer for _, answer in odd_queries(scenes[host], host)} == {
            (400, "bogus", "unknown_parameter")
        }

    @pytest.mark.parametrize("host", HOSTS)
    def test_would_do_as_if_it_were_not_there_without_the_guard(
        self, scenes: dict[str, Scene], host: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(ApiView, "_require_known_query", lambda self, request: None)
        found = [status for _, (status, _, _) in odd_queries(scenes[host], host)]
        assert sum(status < 400 for status in found) > len(found) / 2

    @pytest.mark.parametrize("guarded", [True, False])
    def test_refuses_a_body_where_it_takes_none(
        self, club_scene: Scene, guarded: bool, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        if not guarded:  # negative control
            monkeypatch.setattr(views, "StrictSerializer", Anything)
        rows = list(bodiless())
        assert len(rows) > 4
        caller = Caller(club_scene.host, club_scene.tokens["admin"])
        for row in rows:
            for body in ({"colour": "red"}, ["colour"], 7, {}, None):
                with checker.undone():
                    before = state.contents()
                    answer = caller.request(row.method, club_scene.path(row), body)
                    refused = answer.status_code == 400
                    assert refused == (guarded and bool(body)), (row, body)
                    if refused:
                        (error,) = answer.json()["errors"]
                        said = (
                            ("colour", "unknown_field")
                            if isinstance(body, dict)
                            else ("body", "invalid")
                        )
                        assert (error["field"], error["code"]) == said
                        assert state.changed(before, state.contents()) == []


def bodiless() -> Iterator[Row]:
    """Yield the unsafe operations of a club that take no body."""
    for path, item in document(HOSTS["club"])["paths"].items():
        for method, operation in item.items():
            if method != "get" and "requestBody" not in operation:
                route = path.replace("{", "<uuid:").replace("}", ">")
                yield Row("club", method.upper(), route, {})


def odd_queries(scene: Scene, host: str) -> Iterator[tuple[Row, tuple[int, str, str]]]:
    """Yield what each row of the table answers to a query with an odd name."""
    for row in table.rows():
        if row.host != host or row.route.startswith("/.well-known"):
            continue
        caller = next(
            c for c in ("anonymous", "admin", "customer", "platform", "key") if serves(row, c)
        )
        method, path = row.method, scene.path(row)
        body = scene.bodies.get(f"{method} {row.route}")
        with checker.undone():
            answer = Caller(scene.host, scene.tokens[caller]).request(
                method, f"{path}{'&' if '?' in path else '?'}bogus=1", body
            )
        said = {} if answer.status_code != 400 else answer.json()["errors"][0]
        yield row, (answer.status_code, said.get("field", ""), said.get("code", ""))


def serves(row: Row, caller: str) -> bool:
    return row.statuses[caller] < 400
