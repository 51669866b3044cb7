"""Fixtures for tests of whatever moves credits or money; conftests import them."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest

from platform_shared.kit import clock
from platform_shared.tenancy import binding
from tests.support.world import BORN
from tests.tenant_apps.subscriptions import ledger


@pytest.fixture(autouse=True)
def books_balance(request: pytest.FixtureRequest) -> Iterator[None]:
    """Check, after each test that has the database, that every ledger of both clubs balances."""
    if "db" not in request.fixturenames:
        yield
        return
    request.getfixturevalue("db")
    world = request.getfixturevalue("world")
    yield
    for club in (world.a, world.b):
        with binding.club(club.ref):
            ledger.assert_all_balanced()


@dataclass
class Watch:
    """The clock that the views and tasks of a test look at."""

    now: datetime

    def forward(self, **span: float) -> datetime:
        """Let time pass; return the new time."""
        self.now += timedelta(**span)
        return self.now


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> Watch:
    """Stop the clock an hour after the world was made; ask for it before any caller."""
    stopped = Watch(BORN + timedelta(hours=1))
    monkeypatch.setattr(clock, "now", lambda: stopped.now)
    return stopped
