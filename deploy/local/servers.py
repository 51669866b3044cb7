"""The command lines of web, worker and beat: the one place where they are spelled out."""

import http.client
import sys
from pathlib import Path

from deploy.local import ports

WSGI = "platform_shared.project.wsgi:application"
CELERY = "platform_shared.project.celery"


def web_command(port: int, *, workers: int = 2, threads: int = 8) -> list[str]:
    """Return the web server's command line: `workers` processes of `threads` threads each."""
    return [
        *(sys.executable, "-m", "granian", "--interface", "wsgi", WSGI),
        *("--host", ports.LOOPBACK, "--port", str(port)),
        *("--workers", str(workers), "--blocking-threads", str(threads)),
        # Counts connections, idle ones included, so it has to leave room for browsers that keep
        # theirs open; the threads are what bounds the work.
        *("--backpressure", "256", "--backlog", "1024"),
        # Its one warning is that there are more threads than cores, which wait for the database.
        *("--http", "1", "--no-ws", "--no-access-log", "--log-level", "error"),
        *("--respawn-failed-workers", "--workers-kill-timeout", "5"),
    ]


def worker_command(*, concurrency: int = 2) -> list[str]:
    """Return the command line of the worker that runs background tasks."""
    return [
        *(sys.executable, "-m", "celery", "-A", CELERY, "worker"),
        *("--concurrency", str(concurrency), "--loglevel", "WARNING"),
        # A single worker has nobody to gossip with; without it starts sooner.
        *("--without-gossip", "--without-mingle", "--without-heartbeat"),
    ]


def beat_command(schedule: Path) -> list[str]:
    """Return the command line of the clock that sends periodic tasks."""
    return [
        *(sys.executable, "-m", "celery", "-A", CELERY, "beat"),
        *("--schedule", str(schedule), "--loglevel", "WARNING"),
    ]


def is_web_ready(port: int) -> bool:
    """Return whether `GET /health/ready` answers 200."""
    connection = http.client.HTTPConnection(ports.LOOPBACK, port, timeout=5)
    try:
        connection.request("GET", "/health/ready")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
