"""Keys that do not open, seen from outside."""

import pytest
from pytest_django import Settings

from platform_shared.accounts.throttles import FORGED_TOKENS
from platform_shared.kit.access import Permission
from platform_shared.kit.ids import new_id
from platform_shared.tenancy import binding, throttling
from tenant_apps.api_keys import key_texts
from tests.support.api import Caller
from tests.support.world import ClubWorld
from tests.tenant_apps.api_keys import programs


def made_up(club: ClubWorld) -> Caller:
    """Return a caller with a key that looks like one and is nobody's."""
    return Caller(club.host, key_texts.new_text(new_id()))


def often(caller: Caller, method: str = "GET", path: str = "customers") -> list[int]:
    """Return the statuses of so many calls that they use the budget up, and of one more."""
    return [caller.request(method, path).status_code for _ in range(FORGED_TOKENS.allowed + 1)]


@pytest.fixture(autouse=True)
def _as_in_production(settings: Settings) -> None:
    settings.THROTTLE_SHARED_FACTOR = 1


class TestMisses:
    def test_are_counted_and_then_told_so(self, club_a: ClubWorld) -> None:
        assert often(made_up(club_a)) == [401] * FORGED_TOKENS.allowed + [429]

    def test_shut_nobody_out_whose_key_opens(self, club_a: ClubWorld) -> None:
        often(made_up(club_a))
        with binding.club(club_a.ref):
            _, text = programs.make(Permission.CUSTOMERS_MANAGE)
        assert Caller(club_a.host, text).get("customers").status_code == 200

    def test_would_go_on_for_ever_if_nobody_counted(
        self, club_a: ClubWorld, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        # Negative control.
        monkeypatch.setattr(throttling, "miss", lambda *_: None)
        assert set(often(made_up(club_a))) == {401}

    def test_are_not_counted_at_the_door(self, club_a: ClubWorld) -> None:
        assert set(often(made_up(club_a), "POST", "door/scans")) == {401}
