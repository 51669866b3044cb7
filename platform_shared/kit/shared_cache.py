"""A cache in two levels: this process's memory, and Valkey for all processes.

An invalidation gives the key a new version in Valkey, so a value that was loaded before it can
never be stored as current, and is published, so every process drops its own copy within
milliseconds. While a process cannot hear invalidations it does not use its own copies. When Valkey
is away, callers load from the database: slower, never wrong, and the door stays open.

What is lost when a process dies between its commit and its invalidation lives on for at most
``PROCESS_SECONDS`` + ``SHARED_SECONDS``.
"""

import json
import logging
import os
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Any
from uuid import uuid4

from redis.exceptions import RedisError

from platform_shared.kit import metrics, valkey

PROCESS_SECONDS = 30
SHARED_SECONDS = 60
CHANNEL = "qr-checkin:invalidate"
RETRY_SECONDS = 1.0
logger = logging.getLogger(__name__)


class _Listener:
    """One thread a process that hears what other processes invalidate."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pid: int | None = None
        self._caches: dict[str, SharedCache[Any]] = {}
        self.hearing = False

    def register(self, cache: "SharedCache[Any]") -> None:
        self._caches[cache.name] = cache

    def ensure(self) -> bool:
        """Start the thread when this process has none yet; return whether it is hearing."""
        if self._pid != os.getpid():  # first use, or the first after a fork
            with self._lock:
                if self._pid != os.getpid():
                    self._reset()
                    self._pid = os.getpid()
                    threading.Thread(target=self._run, daemon=True, name="invalidations").start()
        return self.hearing

    def _reset(self) -> None:
        self.hearing = False
        for cache in self._caches.values():
            cache.forget_all()

    def _run(self) -> None:
        while True:
            pubsub = valkey.client().pubsub()  # type: ignore[no-untyped-call]
            try:
                pubsub.subscribe(CHANNEL)
                self._follow(pubsub)
            except Exception as error:
                logger.warning("invalidations are not heard: %s", error)
            self._reset()
            pubsub.close()
            time.sleep(RETRY_SECONDS)

    def _follow(self, pubsub: Any) -> None:
        while True:
            message = pubsub.get_message(timeout=5.0)
            if message is None:
                pubsub.ping()  # a half-dead connection shows itself here
            elif message["type"] == "subscribe":
                self._reset()  # whatever was said before we listened is lost
                self.hearing = True
            elif message["type"] == "message":
                name, _, key = message["data"].partition("|")
                if cache := self._caches.get(name):
                    cache.forget(key)


_listener = _Listener()
_valkey_away_until = 0.0


class SharedCache[T]:
    """Values of one kind by key; keys carry the club's immutable id where the kind has a club.

    Args:
        name: permanent; part of the keys in Valkey.
        to_json, from_json: the value's stored form.
        size: how many values this process keeps; the longest unused goes first.
    """

    def __init__(
        self,
        name: str,
        *,
        to_json: Callable[[T], Any],
        from_json: Callable[[Any], T],
        size: int = 10_000,
    ) -> None:
        self.name = name
        self._to_json = to_json
        self._from_json = from_json
        self._size = size
        self._local: OrderedDict[str, tuple[float, T]] = OrderedDict()
        self._generation = 0
        self._lock = threading.Lock()
        _listener.register(self)

    def get(self, key: str, load: Callable[[], T | None]) -> T | None:
        """Return the value of ``key``, from the nearest place that has it.

        ``load`` reads the database; its None is shared for a while but never kept in memory, so
        that what appears is seen at once by every process.
        """
        hearing = _listener.ensure()
        if hearing and (value := self._recall(key)) is not None:
            metrics.looked_up(self.name, "process")
            return value
        generation = self._generation
        value = self._shared(key, load)
        if value is not None and hearing:
            self._remember(key, value, generation)
        return value

    def invalidate(self, *keys: str) -> None:
        """Make every process load ``keys`` anew. Call it after the commit that changed them."""
        for key in keys:
            self.forget(key)
        try:
            with valkey.client().pipeline(transaction=True) as commands:
                for key in keys:
                    # Never a number used before: versions are forgotten, and counting anew
                    # would make current what is still stored under the old count.
                    commands.set(self._version_key(key), uuid4().hex, ex=2 * SHARED_SECONDS)
                    commands.publish(CHANNEL, f"{self.name}|{key}")
                commands.execute()
        except RedisError as error:
            # Bounded by the times to live; processes that lost Valkey keep no copies anyway.
            logger.error("could not invalidate %s: %s", self.name, error)

    def forget(self, key: str) -> None:
        """Drop this process's copy of ``key``."""
        with self._lock:
            self._generation += 1
            self._local.pop(key, None)

    def forget_all(self) -> None:
        """Drop this process's copies."""
        with self._lock:
            self._generation += 1
            self._local.clear()

    def _recall(self, key: str) -> T | None:
        with self._lock:
            found = self._local.get(key)
            if found is None:
                return None
            if found[0] < time.monotonic():
                del self._local[key]
                return None
            self._local.move_to_end(key)
            return found[1]

    def _remember(self, key: str, value: T, generation: int) -> None:
        with self._lock:
            if generation != self._generation:
                return  # something was invalidated while we loaded; it may have been this
            self._local[key] = (time.monotonic() + PROCESS_SECONDS, value)
            while len(self._local) > self._size:
                self._local.popitem(last=False)

    def _shared(self, key: str, load: Callable[[], T | None]) -> T | None:
        global _valkey_away_until
        if time.monotonic() < _valkey_away_until:
            return self._loaded(load)
        try:
            stored, version = valkey.client().mget(self._data_key(key), self._version_key(key))
        except RedisError:
            _valkey_away_until = time.monotonic() + RETRY_SECONDS
            return self._loaded(load)
        if stored is not None:
            try:
                entry = json.loads(stored)
                if entry["version"] == version:
                    found = entry["value"]
                    value = None if found is None else self._from_json(found)
                    metrics.looked_up(self.name, "valkey")
                    return value
            except (KeyError, TypeError, ValueError):
                pass  # another release wrote it: its values may have other fields
        value = self._loaded(load)
        entry = {"version": version, "value": None if value is None else self._to_json(value)}
        try:
            valkey.client().set(self._data_key(key), json.dumps(entry), ex=SHARED_SECONDS)
        except RedisError:
            _valkey_away_until = time.monotonic() + RETRY_SECONDS
        return value

    def _loaded(self, load: Callable[[], T | None]) -> T | None:
        metrics.looked_up(self.name, "database")
        return load()

    def _data_key(self, key: str) -> str:
        return f"qr-checkin:{self.name}:value:{key}"

    def _version_key(self, key: str) -> str:
        return f"qr-checkin:{self.name}:version:{key}"
