"""Throttles, declared as data, and the windows in which is counted what they limit.

A window slides (`limits`' sliding window counter): at no time do more than ``limit`` lie within the
``seconds`` before it, give or take the estimate that half-old counts are spread evenly. The counts
are Valkey's, each change one atomic script. While Valkey is away each process counts in its own
memory: so many times the limit as there are processes, forgotten when they end.
"""

import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache, partial
from typing import Protocol

from django.conf import settings
from django.utils.crypto import salted_hmac
from limits import RateLimitItemPerSecond
from limits.storage import MemoryStorage, RedisStorage
from limits.strategies import SlidingWindowCounterRateLimiter
from redis import Redis
from redis.exceptions import RedisError
from rest_framework.response import Response

from platform_shared.kit import valkey
from platform_shared.kit.errors import TooManyRequests

Limiter = SlidingWindowCounterRateLimiter
PREFIX = "qr-checkin:throttle"
KNOWN_SECONDS = 30 * 24 * 3600
TURN, LONGEST_TURN = 0.02, 5.0  # seconds
RETRY_SECONDS = 1.0  # how long Valkey is left alone after it has failed


class Per(StrEnum):
    """Whose budget it is; each is one club's (or the platform's) own."""

    ACCOUNT_AND_ADDRESS = "account and address"
    ACCOUNT = "account"
    ADDRESS = "address"
    CLUB = "club"


class Counts(StrEnum):
    """What uses a budget up.

    GUESSES: a secret that can be guessed was wrong. The try is taken before the secret is looked
    at, so that many at once get no more, and given back when it was right or was no try.
    MISSES: a secret that cannot be guessed was wrong. Counted afterwards: only who misses again is
    refused, and nobody can shut others out.
    REQUESTS: the request was accepted. Taken before, given back when it was refused.
    """

    GUESSES = "guesses"
    MISSES = "misses"
    REQUESTS = "requests"


@dataclass(frozen=True, slots=True)
class Throttle:
    """So many in so many seconds.

    Attributes:
        name: permanent; part of the keys, and what clients read in ``RateLimit-Policy``.
        codes: the codes of problems that are a wrong guess or a miss.
        yields_to_known: used up, it still lets in who has signed in from this address before.
        told: whether every answer says how much of it is left.
    """

    name: str
    per: Per
    limit: int
    seconds: int
    counts: Counts
    codes: frozenset[str] = frozenset()
    yields_to_known: bool = False
    told: bool = False

    @property
    def allowed(self) -> int:
        """The limit here: on a developer's machine everybody has one address."""
        shared = self.per in (Per.ADDRESS, Per.CLUB)
        return self.limit * (settings.THROTTLE_SHARED_FACTOR if shared else 1)

    @property
    def item(self) -> RateLimitItemPerSecond:
        return RateLimitItemPerSecond(self.allowed, self.seconds, namespace=self.name)


class Tally(Protocol):
    """What a view is told of its throttles, and tells them (``tenancy.throttling.Tally``)."""

    barred: bool

    def failed(self, error: Exception) -> Exception: ...
    def answered(self, response: Response) -> None: ...


@dataclass(frozen=True, slots=True)
class Budget:
    """One throttle of one subject; ``key`` is ``key_of`` what it is counted by."""

    throttle: Throttle
    key: str

    def take(self) -> Limiter | None:
        """Take one; return who has counted it, to be given back there, or None: used up."""

        def hit(limiter: Limiter) -> Limiter | None:
            return limiter if limiter.hit(self.throttle.item, self.key) else None

        return _counted(hit)

    def take_in_turn(self) -> Limiter | None:
        """Take one like ``take``, but wait for tries under way: they may be right, and come back.

        Who was wrong too often waits for nothing. Otherwise many sign-ins of one account at once
        would be refused for each other's sake. What does not come back in time, because its process
        died, counts as wrong, so that nobody waits for it again.
        """
        until = time.monotonic() + LONGEST_TURN
        while (limiter := self.take()) is None:
            wrong = self._wrong()
            if wrong._left()[0] <= wrong.throttle.allowed - self.throttle.allowed:
                return None
            if time.monotonic() > until:
                self.was_wrong()
                return None
            time.sleep(TURN)
        return limiter

    def was_wrong(self) -> None:
        """Say of one that was taken that it will not be given back."""
        self._wrong().take()

    def _wrong(self) -> "Budget":
        """Return the count of the wrong ones; it has room, so that each of them is in it."""
        roomy = replace(self.throttle, limit=2 * self.throttle.limit)
        return Budget(roomy, f"{self.key}:wrong")

    def give_back(self, limiter: Limiter) -> None:
        """Give one back to whom it was taken from; lost where Valkey has gone meanwhile."""
        return_one = partial(limiter.hit, self.throttle.item, self.key, cost=-1)
        if limiter is _own():
            with _own_lock:
                return_one()
        else:
            _with_valkey(return_one)

    def forget(self) -> None:
        """Have it whole again."""

        def clear(limiter: Limiter) -> None:
            for budget in (self, self._wrong()):
                limiter.clear(budget.throttle.item, budget.key)

        _counted(clear)

    def headers(self) -> dict[str, str]:
        """Return what is left, as draft-ietf-httpapi-ratelimit-headers (from 08 on) writes it."""
        left, seconds = self._left()
        throttle = self.throttle
        return {
            "RateLimit-Policy": f'"{throttle.name}";q={throttle.allowed};w={throttle.seconds}',
            "RateLimit": f'"{throttle.name}";r={left};t={seconds}',
        }

    def used_up(self) -> TooManyRequests:
        """Return the error for one that cannot be taken now."""
        _, seconds = self._left()
        wait = max(seconds, 1)
        return TooManyRequests(
            f"Too many attempts. Try again in {wait} seconds.",
            headers={**self.headers(), "Retry-After": str(wait)},
        )

    def _left(self) -> tuple[int, int]:
        """Return how many are left, and the whole seconds until there is one more."""
        stats = _counted(lambda limiter: limiter.get_window_stats(self.throttle.item, self.key))
        left = min(stats.remaining, self.throttle.allowed)
        # Where one is used there is something to wait for, be it the rest of a second.
        least = 1 if left < self.throttle.allowed else 0
        return left, max(math.ceil(stats.reset_time - time.time()), least)


def key_of(scope: str, *parts: str) -> str:
    """Return the key of what is counted in ``scope`` (``tenancy.binding.scope``).

    E-mails and addresses are in it as a keyed hash alone: whoever reads Valkey's keys cannot tell
    by trying, either, whose they are.
    """
    return f"{scope}:{salted_hmac(PREFIX, repr(parts), algorithm='sha256').hexdigest()[:32]}"


def remember(key: str) -> None:
    """Keep for 30 days that what ``key`` stands for has signed in."""
    _with_valkey(lambda: valkey.client().set(f"{PREFIX}:known:{key}", "1", ex=KNOWN_SECONDS))


def is_known(key: str) -> bool:
    """Return whether ``remember`` was called; without Valkey nobody is known."""
    return bool(_with_valkey(lambda: valkey.client().exists(f"{PREFIX}:known:{key}")))


_away_until = 0.0
_own_lock = threading.Lock()  # `limits` lets go of its own between looking and counting


def _with_valkey[T](ask: Callable[[], T]) -> T | None:
    """Return Valkey's answer, or None: it is away, and left alone for a second."""
    global _away_until
    if time.monotonic() < _away_until:
        return None
    try:
        return ask()
    except RedisError:
        _away_until = time.monotonic() + RETRY_SECONDS
        return None


def _counted[T](ask: Callable[[Limiter], T]) -> T:
    """Return the answer of Valkey's windows, or of this process's own while it is away."""

    def valkeys() -> tuple[T]:  # which tells an answer of None from none
        return (ask(_shared(valkey.client())),)

    answer = _with_valkey(valkeys)
    if answer is not None:
        return answer[0]
    with _own_lock:
        return ask(_own())


@lru_cache(maxsize=4)
def _shared(client: "Redis") -> Limiter:
    storage = RedisStorage(
        settings.REDIS_URL, connection_pool=client.connection_pool, key_prefix=PREFIX
    )
    return Limiter(storage)


@lru_cache(maxsize=1)
def _own() -> Limiter:
    return Limiter(MemoryStorage())
