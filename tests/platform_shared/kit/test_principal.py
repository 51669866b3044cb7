"""Actors are stored as (kind, id, label), never as foreign keys."""

from uuid import UUID

from platform_shared.kit.access import ROLE_PERMISSIONS, Role
from platform_shared.kit.principal import SYSTEM, Actor, Anonymous, Principal, stamp
from tenant_apps.checkins.models import CheckIn

ROOT = Principal(
    user_id=UUID(int=1),
    email="root@platform.test",
    name="Root",
    role=Role.SYSTEM_ADMIN,
    club_id=UUID(int=2),
    session_id=UUID(int=3),
    support=True,
)


class TestPrincipal:
    def test_may_do_what_the_role_may(self) -> None:
        assert ROOT.permissions == ROLE_PERMISSIONS[Role.SYSTEM_ADMIN]
        assert ROOT.is_authenticated

    def test_acts_under_role_id_and_e_mail(self) -> None:
        assert ROOT.actor == Actor("system_admin", UUID(int=1), "root@platform.test")


class TestAnonymous:
    def test_may_do_nothing(self) -> None:
        assert Anonymous().permissions == frozenset()
        assert not Anonymous().is_authenticated
        assert not Anonymous().support


class TestStamp:
    def test_sets_what_the_row_gives_back(self) -> None:
        assert CheckIn(**stamp(ROOT.actor)).actor == ROOT.actor
        assert CheckIn(**stamp(SYSTEM)).actor == SYSTEM
