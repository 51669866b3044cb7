"""What a scrape is told: what the processes have counted, and how the database stands just then."""

import glob
import logging
import os
import struct
from collections.abc import Iterable
from pathlib import Path

from django.db import DatabaseError
from prometheus_client import CollectorRegistry, Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.mmap_dict import MmapedDict
from prometheus_client.multiprocess import MultiProcessCollector

from platform_shared.observability import selectors

logger = logging.getLogger(__name__)
TORN = (OSError, RuntimeError, ValueError, struct.error)  # what a file cut short is read as


class Counted(MultiProcessCollector):
    """The sums over all processes, those that are gone included.

    A process that was killed while it made its file leaves one that nobody can read: it is left
    out, and its neighbours are told of all the same.
    """

    def collect(self) -> Iterable[Metric]:
        try:
            return list(super().collect())
        except TORN:
            files = glob.glob(os.path.join(self._path, "*.db"))
            return list(self.merge([file for file in files if _is_whole(file)]))


def _is_whole(file: str) -> bool:
    try:
        for _ in MmapedDict.read_all_values_from_file(file):
            pass
    except TORN as error:
        logger.warning("%s cannot be read and is left out: %s", Path(file).name, error)
        return False
    return True


class Waiting:
    """Lag and connections, asked for at the scrape by one query; no request pays for it."""

    def collect(self) -> Iterable[Metric]:
        try:
            now = selectors.get_backlog()
        except DatabaseError as error:
            logger.warning("the database does not answer: %s", type(error).__name__)
            yield _gauge("database_up", "Whether PostgreSQL answered this scrape.", 0)
            return
        yield _gauge("database_up", "Whether PostgreSQL answered this scrape.", 1)
        yield _gauge("outbox_events", "Events that somebody has yet to hear.", now.events)
        yield _gauge("outbox_oldest_seconds", "Age of the oldest such event.", now.oldest_event_age)
        yield _gauge("due_work_overdue", "Work whose time has come.", now.overdue)
        yield _gauge(
            "due_work_oldest_seconds",
            "For how long the oldest of it has been due.",
            now.oldest_overdue_age,
        )
        yield _gauge(
            "database_connections_max",
            "How many connections PostgreSQL allows.",
            now.max_connections,
        )
        connections = GaugeMetricFamily(
            "qr_checkin_database_connections",
            "Connections to this database by state.",
            labels=["state"],
        )
        for state, number in sorted(now.connections.items()):
            connections.add_metric([state], number)
        yield connections


def _gauge(name: str, about: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"qr_checkin_{name}", about, value=value)


def registry(folder: Path) -> CollectorRegistry:
    """Return what is told of the processes that count in ``folder``, and of the database."""
    folder.mkdir(parents=True, exist_ok=True)
    found = CollectorRegistry()
    Counted(found, path=str(folder))
    found.register(Waiting())
    return found
