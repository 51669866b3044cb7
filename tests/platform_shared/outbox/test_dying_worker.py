"""A worker is killed in the middle of a delivery."""

import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from deploy.local.supervisor import Supervisor
from platform_shared.kit import clock
from platform_shared.kit.claims import CLAIM
from platform_shared.outbox import services, tasks
from platform_shared.outbox.models import Event
from platform_shared.tenancy import binding
from tenant_apps.locations.models import Location
from tests.conftest import LiveDatabase
from tests.platform_shared.outbox.listening import KIND, left, put
from tests.support.live import ROOT, TEST_SETTINGS

SECONDS = 60.0
WORKER = [
    *(sys.executable, "-m", "celery", "-A", "tests.platform_shared.outbox.dying", "worker"),
    *("--concurrency", "1", "--loglevel", "WARNING"),
    *("--without-gossip", "--without-mingle", "--without-heartbeat"),
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the worker says that it has begun."""
    return tmp_path


@pytest.fixture
def outside(folder: Path) -> None:
    """Have the worker listen outside a transaction; ask for it first."""
    (folder / "outside").touch()


@pytest.fixture
def supervisor(folder: Path, live_database: LiveDatabase) -> Iterator[Supervisor]:
    """A worker at the committing database, whose listener hangs the first time."""
    env = {
        **os.environ,
        "DATABASE_URL": live_database.url,
        "REDIS_URL": settings.REDIS_URL,
        "DJANGO_SETTINGS_MODULE": TEST_SETTINGS,
        "TEST_DYING_IN": str(folder),
    }
    with Supervisor(folder / "logs") as started:
        started.start("worker", WORKER, env=env, cwd=ROOT)
        yield started


@pytest.fixture
def event(world: Any, supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch) -> Iterator[Event]:
    """An event that the relay has sent to the worker."""
    known = {"dying": services.Subscriber(lambda event, now: None, transactional=True)}
    monkeypatch.setitem(services._subscribers, KIND, known)
    with binding.club(world.a.ref):
        made = put(at=clock.now())
        tasks.relay()
        yield made
        Event.objects.filter(kind=KIND).delete()
        Location.objects.filter(name__startswith="Heard").delete()


def heard() -> int:
    return Location.objects.filter(name__startswith="Heard").count()


def wait_for(supervisor: Supervisor, what: str, check: Callable[[], bool]) -> None:
    supervisor.wait_until(check, timeout=SECONDS, what=what)


class TestKilledWorker:
    def test_loses_nothing_and_does_nothing_twice(
        self, event: Event, supervisor: Supervisor, folder: Path
    ) -> None:
        begun = folder / "begun"
        wait_for(supervisor, "the delivery to begin", begun.exists)
        assert (heard(), left()) == (0, 1)
        os.kill(int(begun.read_text()), signal.SIGKILL)
        # Its parent gives the message back, and a new process gets it.
        wait_for(supervisor, "the second delivery", lambda: left() == 0)
        assert heard() == 1

    def test_would_do_it_twice_outside_a_transaction(
        self, outside: None, event: Event, supervisor: Supervisor, folder: Path
    ) -> None:
        # Negative control.
        begun = folder / "begun"
        wait_for(supervisor, "the delivery to begin", begun.exists)
        os.kill(int(begun.read_text()), signal.SIGKILL)
        wait_for(supervisor, "the second delivery", lambda: left() == 0)
        assert heard() == 2

    def test_leaves_the_event_to_the_relay_when_the_message_is_lost_too(
        self, event: Event, supervisor: Supervisor, folder: Path
    ) -> None:
        wait_for(supervisor, "the delivery to begin", (folder / "begun").exists)
        (worker,) = supervisor.children
        worker.expected_to_end = True
        worker.kill()
        wait_for(supervisor, "the worker to end", lambda: worker.poll() is not None)
        later = clock.now() + CLAIM
        assert [claimed.pk for claimed in services.claim(now=later)] == [event.pk]
        # The server lets go of the lock as soon as it notices that the worker is gone.
        wait_for(
            supervisor,
            "the second delivery",
            lambda: services.deliver(event_id=event.pk, now=later),
        )
        assert (heard(), left()) == (0, 0)
