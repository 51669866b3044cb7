"""Whatever can be changed has an entity tag, and is changed only as it was seen."""

from typing import Any

import pytest

from platform_shared.kit.preconditions import Precondition
from platform_shared.kit.views import ApiView
from tests.architecture.test_access import api_views
from tests.permissions import checker, state, table
from tests.permissions.scene import Scene
from tests.permissions.table import Row

CHANGING = ("PATCH", "PUT", "DELETE")
CHANGES = [row for row in table.rows() if row.method in CHANGING]
OTHERS = [row for row in table.rows() if row.method == "POST"]


@pytest.fixture
def scenes(club_scene: Scene, platform_scene: Scene) -> dict[str, Scene]:
    return {"club": club_scene, "platform": platform_scene}


def who_may(row: Row) -> str:
    """Return a caller who may do it, the humblest."""
    return next(caller for caller, status in row.statuses.items() if status < 300)


def reading(row: Row) -> Row:
    """Return the operation that reads what this one changes."""
    return next(
        r for r in table.rows() if (r.host, r.method, r.route) == (row.host, "GET", row.route)
    )


def refused(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def field_errors(answer: Any) -> list[tuple[str, str]]:
    assert answer.status_code == 400
    return [(error["field"], error["code"]) for error in answer.json()["errors"]]


class TestEveryChange:
    def test_is_of_something_that_has_a_tag(self) -> None:
        assert {
            path
            for path, view in api_views()
            if (view.tagged_as is not None) != any(method in view.access for method in CHANGING)
        } == set()

    @pytest.mark.parametrize("row", CHANGES, ids=str)
    def test_is_made_to_what_was_seen_and_refused_otherwise(
        self, row: Row, scenes: dict[str, Scene]
    ) -> None:
        scene, caller = scenes[row.host], who_may(row)
        scene.ids_of_rows.setdefault(
            str(reading(row)).partition(": ")[2],
            scene.ids_of_rows.get(str(row).partition(": ")[2], {}),
        )
        seen = scene.ask(reading(row), caller)
        tag = seen["ETag"]
        secret = "<uuid:code_id>" in row.route
        assert seen["Cache-Control"] == f"private, no-{'store' if secret else 'cache'}"
        before = state.contents()
        for stale in ('"stale"', f"W/{tag}", f'"stale", W/{tag}'):
            answer = scene.ask(row, caller, **{"If-Match": stale})
            assert refused(answer) == (412, "precondition_failed")
        answer = scene.ask(row, caller, **{"If-Match": "stale"})
        assert field_errors(answer) == [("If-Match", "malformed")]
        answer = scene.ask(row, caller, **{"If-Match": tag, "If-None-Match": tag})
        assert field_errors(answer) == [("If-None-Match", "not_supported")]
        changed = [t for t in state.changed(before, state.contents()) if t != checker.ON_RECORD]
        assert changed == []

        done = scene.ask(row, caller, **{"If-Match": f'"stale", {tag}'})
        assert done.status_code in (200, 204)
        if row.method == "DELETE":
            assert scene.ask(row, caller, **{"If-Match": "*"}).status_code == 404
            return
        assert done["ETag"] == scene.ask(reading(row), caller)["ETag"] != tag
        assert refused(scene.ask(row, caller, **{"If-Match": tag})) == (412, "precondition_failed")

    @pytest.mark.parametrize("row", CHANGES, ids=str)
    def test_would_be_made_to_anything_if_nobody_asked(
        self, row: Row, scenes: dict[str, Scene], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(Precondition, "require", lambda self, current: None)
        answer = scenes[row.host].ask(row, who_may(row), **{"If-Match": '"stale"'})
        assert answer.status_code in (200, 204)

    @pytest.mark.parametrize("row", OTHERS, ids=str)
    def test_and_nothing_else_takes_a_condition(self, row: Row, scenes: dict[str, Scene]) -> None:
        for name in ("If-Match", "If-None-Match"):
            answer = scenes[row.host].ask(row, who_may(row), **{name: "*"})
            assert field_errors(answer) == [(name, "not_supported")]

    def test_is_refused_for_other_reasons_first(self, scenes: dict[str, Scene]) -> None:
        """Whether a condition holds is nobody's business who may not make the change."""
        for row in CHANGES:
            for caller, status in row.statuses.items():
                if status >= 400:
                    answer = scenes[row.host].ask(row, caller, **{"If-Match": '"stale"'})
                    assert answer.status_code == status, (str(row), caller)


class TestCopies:
    @pytest.mark.parametrize("row", [reading(row) for row in CHANGES], ids=str)
    def test_are_confirmed_while_they_are_good(self, row: Row, scenes: dict[str, Scene]) -> None:
        scene, caller = scenes[row.host], who_may(row)
        seen = scene.ask(row, caller)
        for given in (seen["ETag"], f"W/{seen['ETag']}", f'"x", {seen["ETag"]}', "*"):
            copy = scene.ask(row, caller, **{"If-None-Match": given})
            assert (copy.status_code, copy.content) == (304, b"")
            assert copy["ETag"] == seen["ETag"]
            assert copy["Cache-Control"] == seen["Cache-Control"]
            assert "Content-Type" not in copy.headers
        anew = scene.ask(row, caller, **{"If-None-Match": '"stale"'})
        assert (anew.status_code, anew.content) == (200, seen.content)
        answer = scene.ask(row, caller, **{"If-None-Match": "stale"})
        assert field_errors(answer) == [("If-None-Match", "malformed")]

    def test_are_each_callers_own(self, scenes: dict[str, Scene]) -> None:
        """A tag is that of what its caller is shown, so it opens nothing to another."""
        row = next(r for r in CHANGES if r.route == "/api/v1/customers/<uuid:customer_id>")
        scene = scenes["club"]
        tag = scene.ask(reading(row), "staff")["ETag"]
        for caller, status in (("anonymous", 401), ("customer", 403), ("other", 401)):
            answer = scene.ask(reading(row), caller, **{"If-None-Match": tag})
            assert answer.status_code == status


class TestApiView:
    def test_is_not_tagged_by_itself(self) -> None:
        assert ApiView.tagged_as is None
        assert ApiView.must_match == ()
