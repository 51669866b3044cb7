"""API keys in races: one revoked while it is looked up, one rotated by two at once."""

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest

from platform_shared.kit import clock
from platform_shared.kit.principal import SYSTEM
from platform_shared.kit.shared_cache import SharedCache
from tenant_apps.api_keys import key_texts, lookups, selectors, services
from tenant_apps.api_keys.lookups import KeyState
from tenant_apps.api_keys.models import ApiKey
from tests.concurrency.crowd import meeting, race
from tests.platform_shared.kit.waiting import eventually
from tests.support.live import WebServer
from tests.support.world import ClubWorld
from tests.tenant_apps.api_keys.programs import make


def opens(text: str) -> bool:
    return lookups.find_principal(text, now=clock.now()) is not None


class TestRevocationWhileTheKeyIsLookedUp:
    """The row was still good when it was read; when it is put into the cache it is revoked."""

    @pytest.fixture
    def opens_afterwards(
        self, club: ClubWorld, monkeypatch: pytest.MonkeyPatch
    ) -> Callable[[], bool]:
        key, text = make()
        read, revoked = threading.Event(), threading.Event()
        load = lookups._load

        def load_and_dawdle(key_id: object) -> KeyState | None:
            state = load(key.pk)
            read.set()
            assert revoked.wait(timeout=10)
            return state

        def revoke() -> bool:
            assert read.wait(timeout=10)
            services.revoke_key(key_id=key.pk, now=clock.now(), actor=SYSTEM)
            revoked.set()
            return True

        def meet() -> bool:
            monkeypatch.setattr(lookups, "_load", load_and_dawdle)
            assert race(club.ref, lambda: opens(text), revoke) == [True, True]
            monkeypatch.setattr(lookups, "_load", load)
            return opens(text)

        return meet

    def test_is_not_undone_by_the_cache(self, opens_afterwards: Callable[[], bool]) -> None:
        assert opens_afterwards() is False

    def test_would_be_undone_if_the_revocation_were_not_said_to_all(
        self, opens_afterwards: Callable[[], bool], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(SharedCache, "invalidate", SharedCache.forget)
        assert opens_afterwards() is True


class TestRotationByTwo:
    @pytest.fixture
    def texts_that_open(
        self, club: ClubWorld, monkeypatch: pytest.MonkeyPatch
    ) -> Callable[[], int]:
        key, _ = make()
        meet, new_text = meeting(2), key_texts.new_text

        def together(key_id: object) -> str:
            meet()
            return new_text(key.pk)

        monkeypatch.setattr(key_texts, "new_text", together)

        def rotate() -> str:
            _, text = services.rotate_key(
                key_id=key.pk, overlap=timedelta(days=1), now=clock.now(), actor=SYSTEM
            )
            return text

        return lambda: sum(opens(text) for text in race(club.ref, rotate, rotate))

    def test_gives_both_a_text_that_opens(self, texts_that_open: Callable[[], int]) -> None:
        assert texts_that_open() == 2

    def test_would_lose_one_without_the_lock(
        self, texts_that_open: Callable[[], int], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(ApiKey.objects, "select_for_update", lambda **_: ApiKey.objects.all())
        assert texts_that_open() == 1


class TestKeyOverHttp:
    def test_ends_in_every_process_and_has_been_seen_in_use(
        self, web: WebServer, club: ClubWorld
    ) -> None:
        key, text = make("club.view")

        def asked() -> set[int]:
            """Ask on connections of their own, so that every process is asked."""
            found = set()
            for _ in range(10):
                with web.client(club.host, text) as client:
                    found.add(client.get("club").status_code)
            return found

        assert asked() == {200}
        assert eventually(lambda: selectors.get_key(key.pk).last_used_at is not None)
        services.revoke_key(key_id=key.pk, now=clock.now(), actor=SYSTEM)
        assert eventually(lambda: asked() == {401})
