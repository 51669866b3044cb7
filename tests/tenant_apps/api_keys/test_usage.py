"""That a key is in use is written once a minute, and by nobody who waits for an answer."""

import threading
from datetime import datetime, timedelta
from types import SimpleNamespace
from uuid import UUID

import pytest
from django.db import DatabaseError

from platform_shared.kit import clock
from platform_shared.tenancy import binding
from platform_shared.tenancy.club_ref import ClubRef
from tenant_apps.api_keys import lookups, selectors, usage
from tests.conftest import LiveDatabase
from tests.support.world import BORN, ClubWorld
from tests.tenant_apps.api_keys.programs import make

SECOND = timedelta(seconds=1)
WRITE_LATER = usage.write_later  # as it is without the tests' own
Notes = list[tuple[UUID, datetime]]


@pytest.fixture
def noted(monkeypatch: pytest.MonkeyPatch) -> Notes:
    """What is handed to the thread that writes."""
    notes: Notes = []

    def keep(club: ClubRef, key_id: UUID, now: datetime) -> None:
        notes.append((key_id, now))

    monkeypatch.setattr(usage, "write_later", keep)
    return notes


class TestNote:
    def test_is_left_by_a_key_that_opens_once_a_minute(
        self, bound_a: ClubWorld, noted: Notes
    ) -> None:
        key, text = make()
        now = clock.now()
        for seconds in (0, 1, 59, 60, 61):
            assert lookups.find_principal(text, now=now + seconds * SECOND) is not None
        assert noted == [(key.pk, now), (key.pk, now + 60 * SECOND)]

    def test_is_not_left_by_one_that_does_not(self, bound_a: ClubWorld, noted: Notes) -> None:
        _, text = make(expires_at=clock.now() + SECOND)
        assert lookups.find_principal(text, now=clock.now() + 2 * SECOND) is None
        assert noted == []

    def test_is_remembered_of_so_many_keys_and_no_more(
        self, bound_a: ClubWorld, noted: Notes, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(usage, "MOST_NOTED", 2)
        for number in (1, 2, 3):
            usage.note(bound_a.ref, UUID(int=number), BORN)
        assert list(usage._noted) == [UUID(int=3)]


class TestWrite:
    def test_moves_the_time_by_a_minute_at_least(self, bound_a: ClubWorld) -> None:
        key, _ = make()
        seen = []
        for seconds in (0, 59, 60):
            usage.write(bound_a.ref, key.pk, BORN + seconds * SECOND)
            seen.append(selectors.get_key(key.pk).last_used_at)
        assert seen == [BORN, BORN, BORN + 60 * SECOND]


class TestWriteLater:
    def test_writes_beside_the_request(
        self, live_database: LiveDatabase, world: SimpleNamespace
    ) -> None:
        with binding.club(world.a.ref):
            key, _ = make()
            WRITE_LATER(world.a.ref, key.pk, BORN)
            drain()
            assert selectors.get_key(key.pk).last_used_at == BORN

    def test_fails_in_the_log_alone(
        self,
        club_a: ClubWorld,
        monkeypatch: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        def away(*_: object) -> None:
            raise DatabaseError("the database is away")

        monkeypatch.setattr(usage, "write", away)
        WRITE_LATER(club_a.ref, UUID(int=1), BORN)
        drain()
        assert "the use of an API key was not written down" in caplog.text


def drain() -> None:
    """Wait until the thread has written what it was handed."""
    assert usage._writer is not None
    done = threading.Event()
    usage._writer[1].submit(done.set)
    assert done.wait(timeout=10)
