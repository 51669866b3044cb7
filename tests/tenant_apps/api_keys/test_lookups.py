"""A key opens at its club, with its own text, until its end; a change is seen at once."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from platform_shared.kit import clock
from platform_shared.kit.access import ROLE_PERMISSIONS, Permission, Role
from platform_shared.kit.ids import new_id
from platform_shared.kit.principal import SYSTEM, Actor, KeyPrincipal
from platform_shared.tenancy import binding
from tenant_apps.api_keys import key_texts, lookups, services
from tenant_apps.api_keys.models import ApiKey
from tests.support.world import ClubWorld
from tests.tenant_apps.api_keys.programs import make

MINUTE = timedelta(minutes=1)
Committing = Callable[[], AbstractContextManager[Any]]


@pytest.fixture
def committing(django_capture_on_commit_callbacks: Any) -> Committing:
    return lambda: django_capture_on_commit_callbacks(execute=True)


def find(text: str, *, minutes: int = 0) -> KeyPrincipal | None:
    return lookups.find_principal(text, now=clock.now() + minutes * MINUTE)


class TestFindPrincipal:
    def test_tells_which_program_calls_and_what_it_may(self, bound_a: ClubWorld) -> None:
        key, text = make("door.scan", "reports.view")
        found = find(text)
        assert found == KeyPrincipal(
            key_id=key.pk,
            name="Website",
            permissions=frozenset({Permission.DOOR_SCAN, Permission.REPORTS_VIEW}),
            club_id=bound_a.ref.id,
        )
        assert found.actor == Actor("api_key", key.pk, "Website")

    def test_asks_the_database_once(self, bound_a: ClubWorld) -> None:
        _, text = make()
        with CaptureQueriesContext(connection) as first:
            find(text)
        with CaptureQueriesContext(connection) as second:
            find(text)
        lookups._states.forget_all()  # another process has a memory of its own
        with CaptureQueriesContext(connection) as third:
            assert find(text)
        assert (len(first), len(second), len(third)) == (1, 0, 0)

    def test_asks_nobody_about_what_is_mistyped(self, bound_a: ClubWorld) -> None:
        _, text = make()
        last = "1" if text[-1] == "0" else "0"
        with CaptureQueriesContext(connection) as queries:
            assert find(text[:-1] + last) is None
        assert len(queries) == 0

    def test_takes_no_other_text_of_the_same_key(self, bound_a: ClubWorld) -> None:
        key, text = make()
        assert find(key_texts.new_text(key.pk)) is None
        assert find(text) is not None
        assert find(key_texts.new_text(key.pk)) is None

    def test_would_take_any_if_the_digests_were_not_compared(
        self, bound_a: ClubWorld, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        key, _ = make()
        monkeypatch.setattr(lookups.hmac, "compare_digest", lambda *_: True)
        assert find(key_texts.new_text(key.pk)) is not None

    def test_knows_no_key_that_is_not_there(self, bound_a: ClubWorld) -> None:
        assert find(key_texts.new_text(new_id())) is None

    def test_knows_no_key_of_another_club_or_at_the_platform(
        self, club_a: ClubWorld, club_b: ClubWorld
    ) -> None:
        with binding.club(club_a.ref):
            _, text = make()
            assert find(text) is not None
        with binding.club(club_b.ref):
            assert find(text) is None
        with binding.platform():
            assert find(text) is None

    def test_would_know_it_there_if_the_cache_did_not_say_whose_it_is(
        self, club_a: ClubWorld, club_b: ClubWorld, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(lookups, "_key", lambda key_id, scope: str(key_id))
        with binding.club(club_a.ref):
            _, text = make()
            assert find(text) is not None
        with binding.club(club_b.ref):
            assert find(text) is not None

    def test_ends_with_its_time_although_it_is_cached(self, bound_a: ClubWorld) -> None:
        _, text = make(expires_at=clock.now() + 5 * MINUTE)
        assert find(text, minutes=4) is not None
        assert find(text, minutes=6) is None

    def test_loses_what_a_clubs_admin_loses(
        self, bound_a: ClubWorld, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        _, text = make("door.scan", "reports.view")
        less = ROLE_PERMISSIONS[Role.CLUB_ADMIN] - {Permission.REPORTS_VIEW}
        monkeypatch.setitem(ROLE_PERMISSIONS, Role.CLUB_ADMIN, less)
        found = find(text)
        assert found is not None
        assert found.permissions == {Permission.DOOR_SCAN}

    def test_has_nothing_that_was_never_for_programs(self, bound_a: ClubWorld) -> None:
        key, text = make()
        ApiKey.objects.filter(pk=key.pk).update(permissions=["users.manage", "no.such"])
        found = find(text)
        assert found is not None
        assert found.permissions == frozenset()


class TestChanges:
    def test_of_a_key_are_seen_at_once(self, bound_a: ClubWorld, committing: Committing) -> None:
        key, text = make()
        assert find(text) is not None
        with committing():
            services.rename_key(key_id=key.pk, name="Shop", now=clock.now(), actor=SYSTEM)
        found = find(text)
        assert found is not None
        assert found.name == "Shop"
        with committing():
            services.revoke_key(key_id=key.pk, now=clock.now(), actor=SYSTEM)
        assert find(text) is None

    def test_would_not_be_if_nobody_told_the_cache(
        self, bound_a: ClubWorld, committing: Committing, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(lookups, "forget", lambda *_, **__: None)
        key, text = make()
        assert find(text) is not None
        with committing():
            services.revoke_key(key_id=key.pk, now=clock.now(), actor=SYSTEM)
        assert find(text) is not None


class TestRotation:
    def test_lets_both_texts_open_during_the_overlap(
        self, bound_a: ClubWorld, committing: Committing
    ) -> None:
        key, first = make()
        assert find(first) is not None
        with committing():
            _, second = services.rotate_key(
                key_id=key.pk, overlap=5 * MINUTE, now=clock.now(), actor=SYSTEM
            )
        assert (find(first) is None, find(second) is None) == (False, False)
        assert find(first, minutes=6) is None
        assert find(second, minutes=6) is not None

    def test_ends_the_former_text_at_once_without_one(
        self, bound_a: ClubWorld, committing: Committing
    ) -> None:
        key, first = make()
        assert find(first) is not None
        with committing():
            services.rotate_key(key_id=key.pk, overlap=timedelta(0), now=clock.now(), actor=SYSTEM)
        assert find(first) is None

    def test_ends_the_text_before_the_former_one(
        self, bound_a: ClubWorld, committing: Committing
    ) -> None:
        key, first = make()
        for _ in range(2):
            with committing():
                services.rotate_key(
                    key_id=key.pk, overlap=5 * MINUTE, now=clock.now(), actor=SYSTEM
                )
        assert find(first) is None
