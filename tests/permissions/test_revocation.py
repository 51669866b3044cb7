"""A token ends with its session, at the next request and in every process."""

import pytest

from platform_shared.accounts import sessions
from platform_shared.clubs.models import SupportAction
from platform_shared.kit.access import Role
from tests.permissions import scene
from tests.permissions.scene import Committing
from tests.support import api
from tests.support.api import Caller
from tests.support.world import ClubWorld


class TestRevokedTokens:
    @pytest.mark.parametrize("name", ["gone", "out"])
    def test_open_nothing_at_once_although_they_were_cached(
        self, name: str, club_a: ClubWorld, committing: Committing
    ) -> None:
        tokens = scene.revoked_tokens(club_a, committing)
        answer = Caller(club_a.host, tokens[name]).get("me")
        assert (answer.status_code, answer.json()["code"]) == (401, "invalid_token")

    @pytest.mark.parametrize("name", ["gone", "out"])
    def test_would_live_on_in_the_cache_if_nobody_told_it(
        self,
        name: str,
        club_a: ClubWorld,
        committing: Committing,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(sessions, "forget", lambda *ids, scope: None)
        tokens = scene.revoked_tokens(club_a, committing)
        assert Caller(club_a.host, tokens[name]).get("me").status_code == 200


class TestRoleOfAToken:
    def test_is_the_accounts_present_one_and_not_the_claim(
        self, club_a: ClubWorld, admin_a: Caller, committing: Committing
    ) -> None:
        new = {"email": "two@alpha.test", "role": "club_admin", "password": "correct-horse-two"}
        created = admin_a.post("staff", new).json()
        token = api.Caller(club_a.host).post(
            "auth/token", {"email": new["email"], "password": new["password"]}
        )
        second = Caller(club_a.host, token.json()["access"])
        assert second.get("staff").status_code == 200
        with committing():
            changed = admin_a.patch(f"staff/{created['id']}", {"role": Role.CLUB_STAFF})
        assert changed.status_code == 200
        assert second.get("staff").status_code == 401  # who is demoted signs in anew


class TestSupportSession:
    def test_records_every_write_it_asks_for(self, club_a: ClubWorld, root: Caller) -> None:
        opened = root.post(f"clubs/{club_a.ref.id}/support-sessions", {"reason": "x", "minutes": 5})
        support = Caller(club_a.host, opened.json()["access"])
        assert support.get("customers").status_code == 200
        assert not SupportAction.objects.exists()
        assert support.post("locations", {"name": "Side door"}).status_code == 201
        (action,) = SupportAction.objects.select_related("session")
        assert (action.method, action.path) == ("POST", "/api/v1/locations")
        assert action.session.admin_email == "root@platform.test"
        assert action.session.club_id == club_a.ref.id

    def test_leaves_its_name_on_what_it_writes(self, club_a: ClubWorld, root: Caller) -> None:
        opened = root.post(f"clubs/{club_a.ref.id}/support-sessions", {"reason": "x", "minutes": 5})
        support = Caller(club_a.host, opened.json()["access"])
        scan = {"scan_id": str(club_a.customer), "kind": "exit", "customer": str(club_a.customer)}
        assert support.post("door/scans", scan).status_code == 201
        (row,) = support.get("check-ins").json()["results"]
        by = row["scanned_by"]
        assert (by["kind"], by["label"]) == ("system_admin", "root@platform.test")
