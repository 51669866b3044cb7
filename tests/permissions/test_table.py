"""Every caller at every method of every route of both kinds of host."""

from typing import Any

import pytest

from platform_shared.clubs import services as club_services
from platform_shared.kit.access import DeclaredPermission
from tests.permissions import checker, table
from tests.permissions.scene import Scene
from tests.permissions.table import Row
from tests.support.world import ClubWorld

ROWS = table.rows()


def row_of(host: str, method: str, route: str) -> Row:
    return next(r for r in ROWS if (r.host, r.method, r.route) == (host, method, route))


class TestTable:
    def test_has_a_row_for_every_route_and_no_other(self) -> None:
        assert checker.differences(ROWS) == {"without a row": set(), "without a route": set()}

    def test_would_miss_a_route_without_a_row(self) -> None:
        assert checker.differences(ROWS[1:])["without a row"] == {str(ROWS[0])}

    def test_would_notice_a_row_without_a_route(self) -> None:
        gone = Row("club", "DELETE", "/api/v1/customers", {})
        assert checker.differences([*ROWS, gone])["without a route"] == {str(gone)}

    @pytest.mark.parametrize("row", [r for r in ROWS if r.host == "club"], ids=str)
    def test_holds_at_a_club(self, row: Row, club_scene: Scene) -> None:
        assert checker.violations(row, club_scene) == []

    @pytest.mark.parametrize("row", [r for r in ROWS if r.host == "platform"], ids=str)
    def test_holds_at_the_platform(self, row: Row, platform_scene: Scene) -> None:
        assert checker.violations(row, platform_scene) == []


class TestChecker:
    """The table test can fail: with a guard taken away, or a refusal that comes too late."""

    def test_reports_every_role_that_gets_in_without_the_declared_permission(
        self, club_scene: Scene, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        row = row_of("club", "POST", "/api/v1/locations")
        monkeypatch.setattr(DeclaredPermission, "has_permission", lambda *_: True)
        assert checker.violations(row, club_scene) == [
            f"{row} by {caller}: 201 instead of {status}"
            for caller, status in (("anonymous", 401), ("customer", 403), ("staff", 403))
        ]

    def test_reports_a_reader_who_gets_in_without_the_declared_permission(
        self, club_scene: Scene, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        row = row_of("club", "GET", "/api/v1/reports/overview")
        monkeypatch.setattr(DeclaredPermission, "has_permission", lambda *_: True)
        assert f"{row} by customer: 200 instead of 403" in checker.violations(row, club_scene)

    def test_reports_a_refusal_that_comes_after_the_deed(
        self, club_scene: Scene, club_a: ClubWorld, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        row = row_of("club", "PATCH", "/api/v1/club")

        def too_late(self: DeclaredPermission, request: Any, view: Any) -> bool:
            club_services.change_settings(club_id=club_a.ref.id, changes={"reentry_seconds": 7})
            return False

        monkeypatch.setattr(DeclaredPermission, "has_permission", too_late)
        assert f"{row} by customer: changed public.clubs_club" in checker.violations(
            row, club_scene
        )

    def test_reports_an_allowed_write_that_writes_nothing(
        self, club_scene: Scene, club_a: ClubWorld
    ) -> None:
        row = row_of("club", "PATCH", "/api/v1/club")
        club_scene.bodies[f"{row.method} {row.route}"] = {}
        assert f"{row} by admin: changed nothing" in checker.violations(row, club_scene)
