"""Apps may refuse a club's new settings; then nothing of them is taken."""

from typing import Any

import pytest

from platform_shared.clubs import selectors, services, settings_checks
from platform_shared.kit.errors import Forbidden
from tests.support.world import ClubWorld


def refuse_renaming(changes: dict[str, Any]) -> None:
    if "name" in changes:
        raise Forbidden


@pytest.fixture
def _refusing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings_checks, "_checks", {})
    settings_checks.register("no renaming", refuse_renaming)


@pytest.mark.usefixtures("_refusing")
class TestChecks:
    def test_refuse_all_of_the_changes(self, club_a: ClubWorld) -> None:
        changes = {"name": "Renamed", "reentry_seconds": 7}
        with pytest.raises(Forbidden):
            services.change_settings(club_id=club_a.ref.id, changes=changes)
        club = selectors.get_club(club_a.ref.id)
        assert (club.name, club.reentry_seconds) == ("Club alpha", 120)

    def test_let_pass_what_they_have_nothing_against(self, club_a: ClubWorld) -> None:
        club = services.change_settings(club_id=club_a.ref.id, changes={"reentry_seconds": 7})
        assert club.reentry_seconds == 7

    def test_would_not_be_heard_unless_registered(
        self, club_a: ClubWorld, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(settings_checks, "_checks", {})
        club = services.change_settings(club_id=club_a.ref.id, changes={"name": "Renamed"})
        assert club.name == "Renamed"
