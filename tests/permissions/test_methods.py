"""What a view does not declare is denied, whoever asks and whatever the method is called."""

import pytest

from platform_shared.kit.access import DeclaredPermission
from tests.permissions import checker, state, table
from tests.permissions.scene import Scene
from tests.permissions.table import Row
from tests.support.api import Caller

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "TRACE", "PURGE")
REFUSED = (401, 403, 405)


def undeclared(host: str) -> list[Row]:
    """Return what no row of the table speaks of: the methods that its routes don't have."""
    rows = [row for row in table.rows() if row.host == host]
    declared = {(row.method, row.route) for row in rows}
    routes = sorted({row.route for row in rows})
    wanted = [(m, route) for route in routes for m in METHODS if (m, route) not in declared]
    return [Row(host, method, route, {}) for method, route in wanted]


def answered(scene: Scene, rows: list[Row], token: str | None) -> dict[str, int]:
    """Return the statuses that are no refusal, by operation; payloads are of no matter here."""
    caller = Caller(scene.host, token)
    found = {}
    for row in rows:
        with checker.undone():
            status = caller.request(row.method, scene.path(row), {}).status_code
        if status not in REFUSED:
            found[str(row)] = status
    return found


class TestUndeclaredMethods:
    @pytest.mark.parametrize("caller", ["anonymous", "customer", "admin", "support", "key"])
    def test_are_refused_at_a_club_and_change_nothing(self, caller: str, club_scene: Scene) -> None:
        before = state.contents()
        assert answered(club_scene, undeclared("club"), club_scene.tokens[caller]) == {}
        assert state.changed(before, state.contents()) == []

    @pytest.mark.parametrize("caller", ["anonymous", "platform"])
    def test_are_refused_at_the_platform(self, caller: str, platform_scene: Scene) -> None:
        before = state.contents()
        tokens = platform_scene.tokens
        assert answered(platform_scene, undeclared("platform"), tokens[caller]) == {}
        assert state.changed(before, state.contents()) == []

    def test_would_be_noticed_when_one_answers(
        self, club_scene: Scene, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        declared = Row("club", "GET", "/api/v1/customers", {})
        assert answered(club_scene, [declared], club_scene.tokens["admin"]) == {str(declared): 200}
        monkeypatch.setattr(DeclaredPermission, "has_permission", lambda *_: False)
        assert answered(club_scene, [declared], club_scene.tokens["admin"]) == {}


class TestHead:
    @pytest.mark.parametrize("caller", ["anonymous", "customer", "staff", "key"])
    def test_opens_no_more_than_get_does(self, caller: str, club_scene: Scene) -> None:
        asking = Caller(club_scene.host, club_scene.tokens[caller])
        rows = [row for row in table.rows() if row.host == "club" and row.method == "GET"]
        heads = {str(r): asking.request("HEAD", club_scene.path(r)).status_code for r in rows}
        assert heads == {str(row): row.statuses[caller] for row in rows}


class TestOptions:
    @pytest.mark.parametrize("caller", ["anonymous", "staff", "admin", "support"])
    def test_never_fails_and_records_nothing(self, caller: str, club_scene: Scene) -> None:
        asking = Caller(club_scene.host, club_scene.tokens[caller])
        before = state.contents()
        routes = sorted({row.route for row in table.rows() if row.host == "club"})
        rows = [Row("club", "OPTIONS", route, {}) for route in routes]
        answers = {str(r): asking.request("OPTIONS", club_scene.path(r)).status_code for r in rows}
        assert {row: status for row, status in answers.items() if status >= 500} == {}
        assert state.changed(before, state.contents()) == []
