"""Which kinds a club accepts: at least one, and none that it does not is issued."""

import pytest

from platform_shared.clubs import settings_checks
from platform_shared.clubs.models import Club
from platform_shared.kit.access import Role
from tenant_apps.qr_codes import kinds, selectors, services
from tenant_apps.qr_codes.enums import CodeKind
from tenant_apps.qr_codes.errors import CodeKindNotAccepted, NoKindOfCodeLeft
from tests.support import api
from tests.support.api import Caller
from tests.support.world import BORN, ClubWorld
from tests.tenant_apps.sales.desk import STAFF


@pytest.fixture
def no_static_codes(bound_a: ClubWorld) -> ClubWorld:
    """Club a with the setting off, written past the check that keeps it on."""
    Club.objects.filter(pk=bound_a.ref.id).update(accepts_static_codes=False)
    return bound_a


class TestAccepted:
    def test_is_every_kind_but_a_static_one_that_is_switched_off(self) -> None:
        assert kinds.accepted(accepts_static_codes=True) == set(CodeKind)
        assert kinds.accepted(accepts_static_codes=False) == set(CodeKind) - {CodeKind.STATIC}


class TestRequireOne:
    def test_looks_at_nothing_but_its_setting(self) -> None:
        kinds.require_one({"name": "Renamed"})
        kinds.require_one({"accepts_static_codes": True})

    def test_refuses_to_shut_the_doors(self) -> None:
        with pytest.raises(NoKindOfCodeLeft):
            kinds.require_one({"accepts_static_codes": False})

    def test_lets_static_codes_go_when_there_is_another_kind(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(kinds, "accepted", lambda **_: frozenset({"another"}))
        kinds.require_one({"accepts_static_codes": False})


class TestSetting:
    def test_cannot_be_switched_off(self, club_a: ClubWorld) -> None:
        admin = api.as_role(club_a, Role.CLUB_ADMIN)
        answer = admin.patch("club", {"accepts_static_codes": False, "name": "Renamed"})
        assert (answer.status_code, answer.json()["code"]) == (409, "no_kind_of_code_left")
        shown = admin.get("club").json()
        assert (shown["accepts_static_codes"], shown["name"]) == (True, "Club alpha")

    def test_would_go_off_without_the_check(
        self, admin_a: Caller, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(settings_checks, "_checks", {})
        answer = admin_a.patch("club", {"accepts_static_codes": False})
        assert answer.json()["accepts_static_codes"] is False


class TestIssuing:
    def test_is_refused_where_doors_would_not_accept_it(self, no_static_codes: ClubWorld) -> None:
        club = no_static_codes
        before = selectors.list_codes().count()
        with pytest.raises(CodeKindNotAccepted):
            services.issue_code(customer_id=club.customer, expires_at=None, now=BORN, actor=STAFF)
        with pytest.raises(CodeKindNotAccepted):
            services.reissue_code(code_id=club.qr_code, now=BORN, actor=STAFF)
        assert selectors.list_codes().count() == before
        assert selectors.get_code(club.qr_code).revoked_at is None

    def test_would_go_through_without_the_guard(
        self, no_static_codes: ClubWorld, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(kinds, "accepted", lambda **_: frozenset(CodeKind))
        services.reissue_code(code_id=no_static_codes.qr_code, now=BORN, actor=STAFF)
