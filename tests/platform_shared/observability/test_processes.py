"""Over real processes: what they count adds up, also after one is killed; untold, they don't."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from prometheus_client.parser import text_string_to_metric_families

from deploy.local import ports, servers
from deploy.local.supervisor import Supervisor
from platform_shared.outbox import tasks
from tests.conftest import LiveDatabase
from tests.platform_shared.kit.waiting import eventually
from tests.support.live import ROOT, TEST_SETTINGS, WebServer, live_url, serving
from tests.support.world import ClubWorld

REQUESTS = "qr_checkin_http_request_seconds_count"
PLACE = {"method": "GET", "route": "/api/v1/catalogue", "status": "200"}
PROCESSES = {
    "web": "from platform_shared.project import wsgi",
    "worker": "from celery import signals; from platform_shared.project.celery import app;"
    "signals.worker_init.send(sender=None)",
}
IMPORTED = """
import sys
libraries = ("prometheus_client", "opentelemetry.sdk.trace", "opentelemetry.exporter")
print(*(name for name in libraries if name in sys.modules))
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "metrics"


@pytest.fixture
def server(live_database: LiveDatabase, folder: Path, tmp_path: Path) -> Iterator[WebServer]:
    """Two web processes that count."""
    told = {"PROMETHEUS_MULTIPROC_DIR": str(folder)}
    with serving(live_database.url, tmp_path / "logs", **told) as web:
        yield web


@pytest.fixture
def scraped(live_database: LiveDatabase, folder: Path, tmp_path: Path) -> Iterator[str]:
    """The address that ``manage.py serve_metrics`` serves."""
    port = ports.choose()
    env = {
        **os.environ,
        "DATABASE_URL": live_database.url,
        "DJANGO_SETTINGS_MODULE": TEST_SETTINGS,
        "PROMETHEUS_MULTIPROC_DIR": str(folder),
        "METRICS_PORT": str(port),
    }
    url = f"http://{ports.LOOPBACK}:{port}/metrics"
    with Supervisor(tmp_path / "exporter") as supervisor:
        command = [sys.executable, "manage.py", "serve_metrics"]
        supervisor.start("metrics", command, env=env, cwd=ROOT)
        supervisor.wait_until(lambda: _answers(url), timeout=60, what="the metrics")
        yield url


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, trust_env=False).status_code == 200
    except httpx.HTTPError:
        return False


def sample(url: str, name: str, labels: dict[str, str]) -> float:
    """Return the sum of the samples that have these labels."""
    text = httpx.get(url, trust_env=False).text
    return sum(
        one.value
        for family in text_string_to_metric_families(text)
        for one in family.samples
        if one.name == name and labels.items() <= one.labels.items()
    )


def ask(web: WebServer, club: ClubWorld, times: int) -> None:
    """Ask on as many connections, which the processes share among them."""
    for _ in range(times):
        with web.client(club.host) as client:
            assert client.get("catalogue").status_code == 200


def pids(folder: Path) -> set[int]:
    return {int(file.stem.rpartition("_")[2]) for file in folder.glob("histogram_*.db")}


class TestCounters:
    def test_add_up_over_processes_one_of_which_dies(
        self, server: WebServer, scraped: str, folder: Path, world: SimpleNamespace
    ) -> None:
        asked = 0

        def both_have_answered() -> bool:
            nonlocal asked
            ask(server, world.a, 10)
            asked += 10
            return len(pids(folder)) == 2

        assert eventually(both_have_answered)
        assert sample(scraped, REQUESTS, PLACE) == asked
        killed, _ = sorted(pids(folder))
        os.kill(killed, signal.SIGKILL)
        assert sample(scraped, REQUESTS, PLACE) == asked
        before = set(pids(folder))

        def another_has_taken_its_place() -> bool:
            nonlocal asked
            try:
                ask(server, world.a, 1)
            except httpx.HTTPError:
                return False  # its connection was the dead one's
            asked += 1
            return bool(pids(folder) - before)

        assert eventually(another_has_taken_its_place)
        assert sample(scraped, REQUESTS, PLACE) == asked
        assert sample(scraped, "qr_checkin_cache_lookups_total", {"cache": "host"}) >= asked
        assert sample(scraped, "qr_checkin_database_up", {}) == 1
        assert sample(scraped, "qr_checkin_database_connections", {}) >= 1

    def test_name_no_club(self, server: WebServer, scraped: str, world: SimpleNamespace) -> None:
        ask(server, world.a, 1)
        text = httpx.get(scraped, trust_env=False).text
        assert REQUESTS in text
        for name in (world.a.ref.slug, str(world.a.ref.id), world.a.ref.schema_name):
            assert name not in text


class TestWorker:
    def test_counts_in_the_same_folder(
        self, live_database: LiveDatabase, scraped: str, folder: Path, tmp_path: Path
    ) -> None:
        env = {
            **os.environ,
            "DATABASE_URL": live_database.url,
            "REDIS_URL": settings.REDIS_URL,
            "DJANGO_SETTINGS_MODULE": TEST_SETTINGS,
            "PROMETHEUS_MULTIPROC_DIR": str(folder),
        }
        labels = {"task": "outbox.relay", "outcome": "done"}
        with Supervisor(tmp_path / "worker") as supervisor:
            supervisor.start("worker", servers.worker_command(), env=env, cwd=ROOT)
            for _ in range(3):
                tasks.relay.delay()
            supervisor.wait_until(
                lambda: sample(scraped, "qr_checkin_task_seconds_count", labels) == 3,
                timeout=60,
                what="the tasks",
            )


class TestWithoutConfiguration:
    @pytest.mark.parametrize("process", PROCESSES)
    def test_nothing_is_imported(self, process: str) -> None:
        assert imported(process) == ""

    @pytest.mark.parametrize("process", PROCESSES)
    def test_both_would_be_if_they_were_told(self, process: str, tmp_path: Path) -> None:
        told = {
            "PROMETHEUS_MULTIPROC_DIR": str(tmp_path),
            "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1",
        }
        both = "prometheus_client opentelemetry.sdk.trace opentelemetry.exporter"
        assert imported(process, **told) == both

    def test_nothing_is_written(
        self, live_database: LiveDatabase, folder: Path, world: SimpleNamespace, tmp_path: Path
    ) -> None:
        folder.mkdir()
        with serving(live_url(), tmp_path / "logs") as web:
            ask(web, world.a, 3)
        assert list(folder.iterdir()) == []

    def test_nothing_is_served(self) -> None:
        with pytest.raises(CommandError, match="PROMETHEUS_MULTIPROC_DIR"):
            call_command("serve_metrics")


def imported(process: str, **told: str) -> str:
    """Return which of the two libraries a process has imported once it is there."""
    env = {**os.environ, "DJANGO_SETTINGS_MODULE": TEST_SETTINGS, **told}
    done = subprocess.run(
        [sys.executable, "-c", PROCESSES[process] + IMPORTED],
        cwd=ROOT,
        env=env,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()
