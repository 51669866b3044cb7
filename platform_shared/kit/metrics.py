"""What is counted, for Prometheus; nothing at all unless the process was told to by ``start``.

Each process adds up for itself in a file of its own (prometheus_client's multiprocess mode), and
``manage.py serve_metrics`` adds up the files: nothing waits for anybody. Labels are names from the
code, never a club, a person or anything else that a client has written.
"""

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from django.http import HttpRequest, HttpResponse

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

Handler = Callable[[HttpRequest], HttpResponse]
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
REQUEST_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
TASK_SECONDS = (0.01, 0.05, 0.25, 1, 5, 30, 120, 600)


class Recorder:
    """The metrics of one process."""

    def __init__(self, registry: "CollectorRegistry | None" = None) -> None:
        from prometheus_client import CollectorRegistry, Counter, Histogram

        registry = registry or CollectorRegistry()  # the default one has gauges that don't add up
        self.requests = Histogram(
            "qr_checkin_http_request_seconds",
            "Requests by method, route and status, and how long they took.",
            ("method", "route", "status"),
            buckets=REQUEST_SECONDS,
            registry=registry,
        )
        self.scans = Counter(
            "qr_checkin_scans",
            "New scans by kind, result and reason.",
            ("kind", "result", "reason"),
            registry=registry,
        )
        self.tasks = Histogram(
            "qr_checkin_task_seconds",
            "Background tasks by name and outcome, and how long they took.",
            ("task", "outcome"),
            buckets=TASK_SECONDS,
            registry=registry,
        )
        self.lookups = Counter(
            "qr_checkin_cache_lookups",
            "Lookups in the shared caches by where the value was found.",
            ("cache", "found"),
            registry=registry,
        )


_recorder: Recorder | None = None


def start(folder: Path | None) -> None:
    """Record from now on, where ``folder`` is given; prometheus_client has the same from
    ``PROMETHEUS_MULTIPROC_DIR``, and is imported here and not before."""
    global _recorder
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        _recorder = Recorder()


def operation_of(request: HttpRequest) -> tuple[str, str]:
    """Return method and route of an answered request, in words that are all ours."""
    match = request.resolver_match
    method = request.method if request.method in METHODS else None
    return method or "other", "none" if match is None else f"/{match.route}"


def measured(handler: Handler) -> Handler:
    """Return a handler of requests that counts what ``handler`` answers, or just ``handler``."""
    recorder = _recorder
    if recorder is None:
        return handler

    def measure(request: HttpRequest) -> HttpResponse:
        started = time.perf_counter()
        response = handler(request)
        if not request.path.startswith("/health/"):
            recorder.requests.labels(*operation_of(request), response.status_code).observe(
                time.perf_counter() - started
            )
        return response

    return measure


def scan_recorded(kind: str, result: str, reason: str) -> None:
    """Count a new scan."""
    if _recorder is not None:
        _recorder.scans.labels(kind, result, reason).inc()


def task_ended(task: str, outcome: str, seconds: float) -> None:
    """Count a task: ``done``, or ``failed`` with whatever error."""
    if _recorder is not None:
        _recorder.tasks.labels(task, outcome).observe(seconds)


def looked_up(cache: str, found: str) -> None:
    """Count a lookup: found in the ``process``, in ``valkey`` or in the ``database``."""
    if _recorder is not None:
        _recorder.lookups.labels(cache, found).inc()
