"""A suspended club answers nobody but support, except on the way in and about oneself."""

import json

import pytest

from platform_shared.clubs.api.guards import ClubServes
from platform_shared.clubs.models import Club
from platform_shared.tenancy import hosts
from tests.architecture.test_access import SHOP_WINDOW
from tests.permissions import checker, table
from tests.permissions.scene import Scene
from tests.permissions.table import Row
from tests.support.world import ClubWorld

ROWS = [row for row in table.rows() if row.host == "club"]
STILL_OPEN = {
    "POST /api/v1/auth/token",
    "POST /api/v1/auth/token/refresh",
    "POST /api/v1/auth/logout",
    "GET /api/v1/auth/password",
    "POST /api/v1/auth/password",
    "POST /api/v1/auth/password-links",
    "GET /api/v1/me",
    "POST /api/v1/me/password",
    "GET /.well-known/jwks.json",
}


@pytest.fixture
def suspended(club_a: ClubWorld, club_scene: Scene) -> Scene:
    """The scene at club alpha after its suspension."""
    Club.objects.filter(pk=club_a.ref.id).update(status="suspended")
    hosts.forget(club_a.host)
    return club_scene


def answer_of(scene: Scene, row: Row, caller: str) -> int | str:
    """Return the status, or the code of a refusal."""
    with checker.undone():
        answer = scene.ask(row, caller)
    return json.loads(answer.content)["code"] if answer.status_code == 403 else answer.status_code


class TestSuspendedClub:
    @pytest.mark.parametrize("caller", ["customer", "staff", "admin", "key"])
    def test_answers_its_own_people_only_the_way_in(self, caller: str, suspended: Scene) -> None:
        answers = {f"{row.method} {row.route}": answer_of(suspended, row, caller) for row in ROWS}
        refused = {operation for operation, told in answers.items() if told == "club_suspended"}
        assert set(answers) - refused == STILL_OPEN
        still_open = [r for r in ROWS if f"{r.method} {r.route}" in STILL_OPEN]
        assert {str(row): answers[f"{row.method} {row.route}"] for row in still_open} == {
            str(row): "forbidden" if row.statuses[caller] == 403 else row.statuses[caller]
            for row in still_open
        }

    def test_answers_support_as_ever(self, suspended: Scene) -> None:
        answers = {str(row): answer_of(suspended, row, "support") for row in ROWS}
        expected = {str(row): row.statuses["support"] for row in ROWS}
        blind = {str(row) for row in ROWS if f"{row.method} {row.route}" in SHOP_WINDOW}
        assert {row: told for row, told in answers.items() if told != expected[row]} == {
            **dict.fromkeys(blind, "club_suspended"),  # public, so they look at no token
            "club: GET /api/v1/api-keys/current": "forbidden",
            "club: POST /api/v1/api-keys": "forbidden",
            "club: POST /api/v1/api-keys/<uuid:key_id>/rotate": "forbidden",
            "club: GET /api/v1/me/check-ins": "forbidden",
            "club: GET /api/v1/me/check-ins/<uuid:check_in_id>": "forbidden",
        }

    def test_would_answer_everybody_without_the_guard(
        self, suspended: Scene, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(ClubServes, "has_permission", lambda *_: True)
        row = next(r for r in ROWS if r.route == "/api/v1/customers")
        assert answer_of(suspended, row, "staff") == 200
