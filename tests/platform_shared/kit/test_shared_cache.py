"""Every process sees a change at once, and nobody keeps what was loaded before it."""

import json
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from pytest_django import Settings

from deploy.local import ports
from deploy.local import valkey as local_valkey
from platform_shared.kit import shared_cache, valkey
from platform_shared.kit.shared_cache import CHANNEL, SharedCache, _Listener
from tests.platform_shared.kit.waiting import eventually

NOWHERE = "redis://127.0.0.1:1/0"
OTHER_PROCESS = """
import sys
from platform_shared.kit import shared_cache
cache = shared_cache.SharedCache("test", to_json=str, from_json=str)
for line in sys.stdin:
    value = cache.get("key", line.strip)
    print(value, shared_cache._listener.hearing, len(cache._local), flush=True)
"""


class Source:
    """A database of one value that counts how often it is asked."""

    def __init__(self, value: str | None = "old") -> None:
        self.value = value
        self.asked = 0

    def __call__(self) -> str | None:
        self.asked += 1
        return self.value


class Clock:
    """Monotonic seconds that pass when told to."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def monotonic(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        """Let a listener's thread wait as it would."""
        threading.Event().wait(seconds)


def new_cache(**options: Any) -> SharedCache[str]:
    """Return a cache as another process has it: of the same kind, with a memory of its own."""
    return SharedCache("test", to_json=str, from_json=str, **options)


@pytest.fixture(scope="module")
def listener() -> Iterator[_Listener]:
    """A listener of our own, so that the process's caches are not disturbed."""
    with pytest.MonkeyPatch.context() as patch:
        ours = _Listener()
        patch.setattr(shared_cache, "_listener", ours)
        ours.ensure()
        assert eventually(lambda: ours.hearing)
        yield ours


@pytest.fixture
def cache(listener: _Listener, monkeypatch: pytest.MonkeyPatch) -> SharedCache[str]:
    monkeypatch.setattr(shared_cache, "_valkey_away_until", 0.0)
    return new_cache()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    ours = Clock()
    monkeypatch.setattr(shared_cache, "time", ours)
    return ours


class TestGet:
    def test_asks_the_database_once_and_then_not_even_valkey(
        self, cache: SharedCache[str], settings: Settings
    ) -> None:
        source = Source()
        assert cache.get("key", source) == "old"
        settings.REDIS_URL = NOWHERE
        assert cache.get("key", source) == "old"
        assert source.asked == 1

    def test_takes_what_another_process_has_loaded(self, cache: SharedCache[str]) -> None:
        cache.get("key", Source())
        source = Source("never asked")
        assert new_cache().get("key", source) == "old"
        assert source.asked == 0

    def test_keeps_keys_and_kinds_apart(self, cache: SharedCache[str]) -> None:
        cache.get("key", Source("one"))
        assert cache.get("other", Source("two")) == "two"
        other: SharedCache[str] = SharedCache("test-other", to_json=str, from_json=str)
        assert other.get("key", Source("three")) == "three"

    def test_stores_values_in_their_json_form(self, listener: _Listener) -> None:
        numbers: SharedCache[int] = SharedCache(
            "test-numbers", to_json=lambda n: {"n": n}, from_json=lambda data: int(data["n"])
        )
        numbers.get("key", lambda: 7)
        numbers.forget_all()
        assert numbers.get("key", lambda: 8) == 7

    def test_shares_that_there_is_nothing_but_never_keeps_it_in_memory(
        self, cache: SharedCache[str]
    ) -> None:
        source = Source(None)
        assert cache.get("key", source) is None
        assert cache.get("key", source) is None
        assert source.asked == 1
        assert not cache._local

    def test_keeps_only_so_many_the_longest_unused_goes_first(self, listener: _Listener) -> None:
        small = new_cache(size=2)
        for key in ("a", "b", "a", "c"):
            small.get(key, Source(key))
        assert list(small._local) == ["a", "c"]

    def test_keeps_a_copy_for_half_a_minute(self, cache: SharedCache[str], clock: Clock) -> None:
        cache.get("key", Source())
        valkey.client().flushdb()
        clock.seconds += shared_cache.PROCESS_SECONDS
        assert cache.get("key", Source("new")) == "old"
        clock.seconds += 0.1
        assert cache.get("key", Source("new")) == "new"

    def test_shares_a_value_for_a_minute(self, cache: SharedCache[str]) -> None:
        cache.get("key", Source())
        (stored,) = valkey.client().keys("*:value:key")
        assert 0 < valkey.client().ttl(stored) <= shared_cache.SHARED_SECONDS

    def test_keeps_nothing_in_memory_before_it_can_hear(
        self, cache: SharedCache[str], listener: _Listener, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(listener, "hearing", False)
        cache.get("key", Source())
        assert not cache._local
        monkeypatch.setattr(listener, "hearing", True)
        cache.get("key", Source())
        assert list(cache._local) == ["key"]


class TestInvalidate:
    def test_makes_this_process_ask_anew(self, cache: SharedCache[str]) -> None:
        source = Source()
        cache.get("key", source)
        source.value = "new"
        assert cache.get("key", source) == "old"
        cache.invalidate("key")
        assert cache.get("key", source) == "new"

    def test_leaves_other_keys_alone(self, cache: SharedCache[str]) -> None:
        source = Source()
        cache.get("other", source)
        cache.invalidate("key")
        cache.get("other", source)
        assert source.asked == 1

    def test_reaches_other_processes(self, cache: SharedCache[str]) -> None:
        with subprocess.Popen(
            [sys.executable, "-c", OTHER_PROCESS],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as process:
            assert process.stdin is not None
            assert process.stdout is not None

            def there(source: str) -> str:
                assert process.stdin is not None
                assert process.stdout is not None
                process.stdin.write(f"{source}\n")
                process.stdin.flush()
                return process.stdout.readline().strip()

            # It hears, and has a copy in its own memory ...
            assert eventually(lambda: there("old") == "old True 1")
            valkey.client().delete(*valkey.client().keys("*test:value:key"))
            assert there("new") == "old True 1"
            # ... until this process says that the value has changed.
            cache.invalidate("key")
            assert eventually(lambda: there("new").startswith("new"))
            process.stdin.close()
        assert process.returncode == 0

    def test_beats_a_value_that_another_process_loaded_before_it(
        self, cache: SharedCache[str]
    ) -> None:
        assert self.race(cache, new_cache()) == "new"

    def test_would_lose_to_it_without_versions(
        self, cache: SharedCache[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        changer = new_cache()
        monkeypatch.setattr(changer, "_version_key", lambda key: "a version that nobody reads")
        assert self.race(cache, changer) == "old"

    def race(self, reader: SharedCache[str], changer: SharedCache[str]) -> str | None:
        """Let a change fall between the reader's load and its storing of what it has loaded."""
        source = Source()

        def load() -> str | None:
            loaded = source()
            source.value = "new"
            changer.invalidate("key")
            return loaded

        assert reader.get("key", load) == "old"  # it asked before the change
        return new_cache().get("key", source)

    def test_beats_a_value_that_this_process_is_loading(
        self, cache: SharedCache[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self.load_while_invalidated(cache)
        assert not cache._local
        remember = cache._remember
        monkeypatch.setattr(
            cache, "_remember", lambda key, value, _: remember(key, value, cache._generation)
        )
        self.load_while_invalidated(cache)
        assert list(cache._local) == ["key"]  # without the check it would stay for 30 seconds

    def load_while_invalidated(self, cache: SharedCache[str]) -> None:
        def load() -> str:
            cache.invalidate("key")
            return "old"

        cache.invalidate("key")
        assert cache.get("key", load) == "old"

    def test_holds_when_the_version_before_it_has_been_forgotten(
        self, cache: SharedCache[str]
    ) -> None:
        assert self.after_forgetting(cache) == "new"

    def test_would_not_hold_if_versions_could_come_back(
        self, cache: SharedCache[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(shared_cache, "uuid4", lambda: SimpleNamespace(hex="the first"))
        assert self.after_forgetting(cache) == "old"

    def after_forgetting(self, cache: SharedCache[str]) -> str | None:
        """Change a value twice, so far apart that Valkey has forgotten the first change."""
        source = Source()
        cache.invalidate("key")
        cache.get("key", source)  # stored near the end of the version's life
        valkey.client().delete(cache._version_key("key"))  # its time to live is over
        source.value = "new"
        cache.invalidate("key")
        return cache.get("key", source)

    def test_drops_its_own_copy_and_says_so_when_valkey_is_away(
        self, cache: SharedCache[str], settings: Settings, caplog: pytest.LogCaptureFixture
    ) -> None:
        source = Source()
        cache.get("key", source)
        source.value = "new"
        settings.REDIS_URL = NOWHERE
        with caplog.at_level(logging.ERROR, logger=shared_cache.__name__):
            cache.invalidate("key")
        assert "could not invalidate test" in caplog.text
        assert cache.get("key", source) == "new"


class TestWithoutValkey:
    def test_every_value_comes_from_the_database(
        self, cache: SharedCache[str], settings: Settings, clock: Clock
    ) -> None:
        settings.REDIS_URL = NOWHERE
        assert cache.get("key", Source("one")) == "one"
        cache.forget_all()
        assert cache.get("key", Source("two")) == "two"

    def test_valkey_is_asked_again_only_after_a_while(
        self, cache: SharedCache[str], settings: Settings, clock: Clock
    ) -> None:
        answering = settings.REDIS_URL
        settings.REDIS_URL = NOWHERE
        cache.get("key", Source("one"))
        settings.REDIS_URL = answering
        cache.forget_all()
        cache.get("key", Source("two"))
        assert not valkey.client().keys("*:value:key")
        clock.seconds += shared_cache.RETRY_SECONDS
        cache.forget_all()
        cache.get("key", Source("three"))
        cache.forget_all()
        assert cache.get("key", Source("four")) == "three"

    def test_a_value_that_cannot_be_stored_is_still_answered(
        self, cache: SharedCache[str], settings: Settings
    ) -> None:
        def load() -> str:
            settings.REDIS_URL = NOWHERE  # it goes away while the database answers
            return "loaded"

        assert cache.get("key", load) == "loaded"
        assert shared_cache._valkey_away_until > 0


class TestListener:
    @pytest.fixture
    def server(self, tmp_path: Path) -> Iterator[Callable[[], subprocess.Popen[bytes]]]:
        """Start a Valkey that may be killed, always on the same port."""
        port, running = ports.choose(), []
        configuration = local_valkey._write_configuration(tmp_path, port, "pw", durable=False)

        def start() -> subprocess.Popen[bytes]:
            process = subprocess.Popen(
                [local_valkey._binary(), configuration],
                cwd=tmp_path,
                stdout=subprocess.DEVNULL,
            )
            running.append(process)
            assert eventually(lambda: local_valkey.answers(port, "pw"))
            return process

        start.url = local_valkey.url(port, "pw")  # type: ignore[attr-defined]
        yield start
        for process in running:
            process.kill()
            process.wait()

    def test_lets_go_of_every_copy_while_it_is_deaf(
        self, server: Any, settings: Settings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(shared_cache, "RETRY_SECONDS", 0.01)
        monkeypatch.setattr(shared_cache, "_valkey_away_until", 0.0)
        settings.REDIS_URL = server.url
        ours = _Listener()
        monkeypatch.setattr(shared_cache, "_listener", ours)
        cache = new_cache()
        process = server()
        ours.ensure()
        assert eventually(lambda: ours.hearing)
        cache.get("key", Source())
        assert list(cache._local) == ["key"]

        process.kill()
        process.wait()
        assert eventually(lambda: not ours.hearing)
        assert not cache._local
        assert cache.get("key", Source("new")) == "new"
        assert not cache._local

        server()
        assert eventually(lambda: ours.hearing)
        assert eventually(lambda: cache.get("key", Source("newer")) is not None and cache._local)

    def test_starts_again_in_a_process_that_was_forked(
        self, listener: _Listener, cache: SharedCache[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        cache.get("key", Source())
        started: list[threading.Thread] = []
        monkeypatch.setattr(
            shared_cache.threading.Thread, "start", lambda thread: started.append(thread)
        )
        assert listener.ensure()
        assert not started
        monkeypatch.setattr(listener, "_pid", -1)  # what a child has inherited
        assert not listener.ensure()
        assert not cache._local
        assert len(started) == 1
        assert not listener.ensure()
        assert len(started) == 1
        listener.hearing = True  # its thread is still there

    def test_starts_one_thread_when_two_ask_at_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        ours = _Listener()

        class Contended:
            def __enter__(self) -> None:
                ours._pid = os.getpid()  # the other one was first

            def __exit__(self, *exception: object) -> None:
                return None

        ours._lock = Contended()  # type: ignore[assignment]
        started: list[threading.Thread] = []
        monkeypatch.setattr(
            shared_cache.threading.Thread, "start", lambda thread: started.append(thread)
        )
        assert not ours.ensure()
        assert started == []

    def test_survives_messages_for_kinds_it_does_not_have(
        self, listener: _Listener, cache: SharedCache[str]
    ) -> None:
        cache.get("key", Source())
        for message in ("unknown|key", "nonsense", "test|other"):
            valkey.client().publish(CHANNEL, message)
        assert list(cache._local) == ["key"]
        valkey.client().publish(CHANNEL, "test|key")
        assert eventually(lambda: not cache._local)
        assert listener.hearing

    def test_asks_whether_anybody_is_there_when_it_hears_nothing(self) -> None:
        class Silent:
            pings = 0

            def __init__(self) -> None:
                self.messages = iter([None, {"type": "pong"}, None, None])

            def get_message(self, timeout: float) -> dict[str, str] | None:
                return next(self.messages)

            def ping(self) -> None:
                self.pings += 1
                if self.pings == 3:
                    raise ConnectionError

        silent = Silent()
        with pytest.raises(ConnectionError):
            _Listener()._follow(silent)
        assert silent.pings == 3


class TestStored:
    @pytest.mark.parametrize(
        "stored",
        ["", "{", "[]", "7", "null", "{}", '{"version": null}', '{"version": null, "value": 5}'],
    )
    def test_entries_of_another_release_are_loaded_anew(
        self, listener: _Listener, stored: str
    ) -> None:
        cache = SharedCache("test", to_json=str, from_json=lambda value: value["text"])
        valkey.client().set(cache._data_key("key"), stored)
        assert cache.get("key", Source()) == "old"
        entry = json.loads(valkey.client().get(cache._data_key("key")) or "")
        assert entry["value"] == "old"

    def test_entries_carry_the_version_they_were_loaded_under(
        self, cache: SharedCache[str]
    ) -> None:
        cache.invalidate("key")
        cache.get("key", Source())
        entry = json.loads(valkey.client().get(cache._data_key("key")) or "")
        assert entry == {
            "version": valkey.client().get(cache._version_key("key")),
            "value": "old",
        }
