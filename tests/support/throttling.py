"""Using budgets up, and taking Valkey away from them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from pytest_django import Settings

from platform_shared.kit import throttles, valkey
from tests.support.api import Caller

HERE, ELSEWHERE = "203.0.113.1", "203.0.113.2"
PROXY = "127.0.0.1"  # the test client's


def trust_the_test_client(settings: Settings) -> None:
    """Have ``X-Forwarded-For`` say where a request comes from; nothing counts ten times here."""
    settings.TRUSTED_PROXIES = (PROXY,)
    settings.THROTTLE_SHARED_FACTOR = 1


@dataclass
class Address:
    """Somebody without an account, at an address."""

    host: str
    address: str = HERE

    def post(self, path: str, body: Any) -> Any:
        return Caller(self.host).post(path, body, **{"X-Forwarded-For": self.address})

    def get(self, path: str) -> Any:
        return Caller(self.host).get(path, **{"X-Forwarded-For": self.address})

    def sign_in(self, email: str, password: str) -> Any:
        return self.post("auth/token", {"email": email, "password": password})

    def wrong(self, email: str, times: int) -> list[int]:
        """Be wrong so many times; return the statuses."""
        return [self.sign_in(email, "wrong").status_code for _ in range(times)]


def address(number: int) -> str:
    """Return one of many addresses."""
    return f"198.51.{number // 250}.{number % 250 + 1}"


def shorten(monkeypatch: pytest.MonkeyPatch, **limits: int) -> None:
    """Give throttles other limits, by name with ``_`` for ``-``: the real ones last long."""
    real = throttles.Throttle.allowed.fget
    assert real is not None

    def allowed(self: throttles.Throttle) -> int:
        found: Callable[[Any], int] = real
        return limits.get(self.name.replace("-", "_"), found(self))

    monkeypatch.setattr(throttles.Throttle, "allowed", property(allowed))


def forget_budgets() -> None:
    """Have everybody's budgets whole again."""
    for key in valkey.client().scan_iter(f"{throttles.PREFIX}:*"):
        valkey.client().delete(key)


def take_valkey_away(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have Valkey answer nobody, and this process count afresh."""
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    monkeypatch.setattr(throttles, "_away_until", 0.0)
    throttles._own.cache_clear()
