"""What is measured, and how to reach it: services, web server, an HTTP client."""

import http.client
import json
import os
import signal
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import psycopg
from psycopg import sql

from deploy.bench.errors import Unfit
from deploy.local import ports, servers
from deploy.local.supervisor import Child, Supervisor

ROOT = Path(__file__).resolve().parents[2]
READY_SECONDS = 60.0
PASSWORD = "bench-password-1"  # noqa: S105 - protects a throw-away platform on loopback


@dataclass(frozen=True)
class Site:
    """The throw-away stack, as the launcher handed it on."""

    supervisor: Supervisor
    home: Path
    superuser_url: str

    @property
    def database_url(self) -> str:
        return os.environ["DATABASE_URL"]

    @property
    def database_port(self) -> int:
        return urlsplit(self.database_url).port or 5432

    def superuser(self, schema: str | None = None) -> "psycopg.Connection[Any]":
        """Return a new connection that may do anything, on a club's schema."""
        connection = psycopg.connect(self.superuser_url, autocommit=True)
        if schema is not None:
            connection.execute(
                sql.SQL("SET search_path = {}, public").format(sql.Identifier(schema))
            )
        return connection

    def settle(self) -> None:
        """Write out what is dirty, so that no side pays for what another one wrote."""
        with self.superuser() as connection:
            connection.execute("CHECKPOINT")

    @contextmanager
    def web(
        self,
        *,
        workers: int | None = None,
        threads: int | None = None,
        database_port: int | None = None,
        wrap: Sequence[str | Path] = (),
    ) -> Iterator["Web"]:
        """Run the web server as it is run in production, by default with its own numbers."""
        port = ports.choose()
        numbers = {"workers": workers, "threads": threads}
        command = servers.web_command(port, **{k: v for k, v in numbers.items() if v is not None})
        environment = dict(os.environ)
        if database_port is not None:
            at, through = f":{self.database_port}/", f":{database_port}/"
            environment["DATABASE_URL"] = self.database_url.replace(at, through)
        child = self.supervisor.start(
            "web",
            [*wrap, *command],
            env=environment,
            cwd=ROOT,
            # What is wrapped around it, py-spy, writes down what it saw when it is interrupted.
            stop_signal=signal.SIGINT if wrap else signal.SIGTERM,
        )
        try:
            self.supervisor.wait_until(
                lambda: servers.is_web_ready(port), timeout=READY_SECONDS, what="the web server"
            )
            yield Web(port, child)
        finally:
            child.stop()
            self.supervisor.wait_for_end(child)
            self.supervisor.children.remove(child)


@dataclass(frozen=True)
class Web:
    """A running web server."""

    port: int
    child: Child

    def host(self, name: str, token: str | None = None) -> "Host":
        return Host(self.port, name, token)

    def worker_pids(self) -> list[int]:
        """Return the pids of the processes that answer (Linux)."""
        return [pid for pid in children_of(self.child.pid) if _is_python(pid)]


class Host:
    """An HTTP client of one host, over a connection that is kept."""

    def __init__(self, port: int, name: str, token: str | None = None) -> None:
        self._connection = http.client.HTTPConnection(ports.LOOPBACK, port, timeout=60)
        self.headers = {"Host": f"{name}.localhost:{port}", "Content-Type": "application/json"}
        if token is not None:
            self.headers["Authorization"] = f"Bearer {token}"

    def call(self, method: str, path: str, status: int, body: Any = None, **query: Any) -> Any:
        """Make a request below ``/api/v1/`` and return its JSON.

        Raises:
            Unfit: the answer has another status.
        """
        where = f"/api/v1/{path}" + (f"?{urlencode(query)}" if query else "")
        text = None if body is None else json.dumps(body)
        self._connection.request(method, where, text, self.headers)
        answer = self._connection.getresponse()
        said = answer.read()
        if answer.status != status:
            raise Unfit(f"{method} {where}: {answer.status} {said[:500].decode(errors='replace')}")
        return json.loads(said) if said else None

    def timed(self, method: str, path: str, status: int, body: Any = None, **query: Any) -> float:
        """Make a request and return how long it took, in milliseconds."""
        began = time.perf_counter()
        self.call(method, path, status, body, **query)
        return (time.perf_counter() - began) * 1000

    def request_head(self, method: str, path: str) -> str:
        """Return the head of a request below ``/api/v1/`` without its length and the empty line."""
        lines = [f"{method} /api/v1/{path} HTTP/1.1"]
        return "\r\n".join(lines + [f"{k}: {v}" for k, v in self.headers.items()]) + "\r\n"


def children_of(pid: int) -> list[int]:
    """Return the pids of a process's descendants (Linux)."""
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in task.read_text().split():
            found += [int(child), *children_of(int(child))]
    return found


def _is_python(pid: int) -> bool:
    return "python" in Path(f"/proc/{pid}/exe").resolve().name


def environment_site(environ: Mapping[str, str], supervisor: Supervisor) -> Site:
    """Return the site that the launcher has named in the environment."""
    return Site(supervisor, Path(environ["BENCH_HOME"]), environ["BENCH_SUPERUSER_URL"])
