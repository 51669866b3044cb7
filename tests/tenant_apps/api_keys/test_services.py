"""Keys are made with no more than their maker has, and end for good."""

from datetime import timedelta
from uuid import UUID

import pytest
from django.db import DatabaseError, transaction

from platform_shared.kit import clock, one_time
from platform_shared.kit.access import PROGRAMMABLE, ROLE_PERMISSIONS, Permission, Role
from platform_shared.kit.errors import InvalidInput, NotFound
from platform_shared.kit.ids import new_id
from platform_shared.kit.principal import SYSTEM, Actor
from tenant_apps.api_keys import models, selectors, services
from tenant_apps.api_keys.errors import ApiKeyEnded
from tenant_apps.api_keys.models import ApiKey, ApiKeyChange
from tests.support.world import ClubWorld
from tests.tenant_apps.api_keys.programs import make

SOMEBODY = Actor("club_admin", UUID(int=5), "admin@alpha.test")
DAY = timedelta(days=1)


def history(key: ApiKey) -> list[tuple[str, str, str]]:
    rows = selectors.list_changes(key.pk).order_by("id")
    return [(row.action, row.name, row.actor.label) for row in rows]


class TestCreateKey:
    def test_keeps_the_digest_of_the_text_and_not_the_text(self, bound_a: ClubWorld) -> None:
        key, text = make("reports.view", "door.scan", "door.scan", actor=SOMEBODY)
        stored = selectors.get_key(key.pk)
        assert bytes(stored.text_hash) == one_time.digest(text)
        assert stored.permissions == ["door.scan", "reports.view"]
        assert text not in str(vars(stored))
        assert text.startswith(stored.prefix)
        assert str(stored) == "Website"

    def test_writes_down_who_made_it(self, bound_a: ClubWorld) -> None:
        key, _ = make(actor=SOMEBODY)
        assert key.actor == SOMEBODY
        assert history(key) == [("created", "Website", "admin@alpha.test")]
        assert str(selectors.list_changes(key.pk).get()) == "created: Website"

    def test_gives_nothing_that_its_maker_does_not_have(self, bound_a: ClubWorld) -> None:
        with pytest.raises(InvalidInput) as refused:
            make("door.scan", "reports.view", granted=frozenset({Permission.DOOR_SCAN}))
        (error,) = refused.value.errors
        assert (error.field, error.code) == ("permissions", "permission_not_granted")
        assert error.detail.startswith("reports.view")
        assert not ApiKey.objects.exists()

    @pytest.mark.parametrize("permission", sorted(set(Permission) - PROGRAMMABLE))
    def test_gives_nothing_that_is_not_for_programs(
        self, permission: Permission, bound_a: ClubWorld
    ) -> None:
        with pytest.raises(InvalidInput):
            make(permission, granted=frozenset(Permission))

    def test_would_give_it_if_it_were_for_programs(
        self, bound_a: ClubWorld, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(models, "PROGRAMMABLE", frozenset(Permission))
        key, _ = make("users.manage", granted=frozenset(Permission))
        assert key.effective_permissions == ["users.manage"]

    def test_refuses_an_end_that_has_come(self, bound_a: ClubWorld) -> None:
        now = clock.now()
        with pytest.raises(InvalidInput) as refused:
            make(expires_at=now, now=now)
        assert [(e.field, e.code) for e in refused.value.errors] == [("expires_at", "in_the_past")]


class TestProgrammable:
    def test_is_no_more_than_a_clubs_admin_may(self) -> None:
        assert ROLE_PERMISSIONS[Role.CLUB_ADMIN] > PROGRAMMABLE

    def test_leaves_out_what_would_make_more_of_a_key(self) -> None:
        left_out = ROLE_PERMISSIONS[Role.CLUB_ADMIN] - PROGRAMMABLE
        assert left_out == {
            Permission.USERS_MANAGE,
            Permission.API_KEYS_MANAGE,
            Permission.CLUB_MANAGE,
            Permission.CUSTOMERS_INVITE,
            Permission.OWN_VIEW,
            Permission.OWN_CHANGE,
        }


class TestRenameKey:
    def test_writes_down_the_new_name_once(self, bound_a: ClubWorld) -> None:
        key, _ = make()
        for _ in range(2):
            services.rename_key(key_id=key.pk, name="Shop", now=clock.now(), actor=SOMEBODY)
        assert selectors.get_key(key.pk).name == "Shop"
        assert history(key)[1:] == [("renamed", "Shop", "admin@alpha.test")]


class TestRotateKey:
    def test_keeps_the_former_text_for_the_overlap(self, bound_a: ClubWorld) -> None:
        key, first = make()
        now = clock.now()
        rotated, second = services.rotate_key(key_id=key.pk, overlap=DAY, now=now, actor=SOMEBODY)
        assert bytes(rotated.text_hash) == one_time.digest(second)
        assert bytes(rotated.former_hash or b"") == one_time.digest(first)
        assert rotated.former_until == now + DAY
        assert history(key)[1:] == [("rotated", "Website", "admin@alpha.test")]

    def test_refuses_one_that_is_revoked_or_over(self, bound_a: ClubWorld) -> None:
        now = clock.now()
        revoked, _ = make()
        services.revoke_key(key_id=revoked.pk, now=now, actor=SYSTEM)
        over, _ = make(expires_at=now + DAY)
        for key in (revoked, over):
            with pytest.raises(ApiKeyEnded):
                services.rotate_key(key_id=key.pk, overlap=DAY, now=now + DAY, actor=SYSTEM)


class TestRevokeKey:
    def test_is_for_good_and_written_down_once(self, bound_a: ClubWorld) -> None:
        key, _ = make()
        now = clock.now()
        for days in range(2):
            services.revoke_key(key_id=key.pk, now=now + days * DAY, actor=SOMEBODY)
        assert selectors.get_key(key.pk).revoked_at == now
        assert history(key)[1:] == [("revoked", "Website", "admin@alpha.test")]

    def test_knows_no_key_that_is_not_there(self, bound_a: ClubWorld) -> None:
        with pytest.raises(NotFound):
            services.revoke_key(key_id=new_id(), now=clock.now(), actor=SYSTEM)


class TestChanges:
    def test_cannot_be_changed_themselves(self, bound_a: ClubWorld) -> None:
        make()
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            ApiKeyChange.objects.update(name="Nobody")
