"""A real web server over the committing database, for tests that need processes and sockets."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from django.conf import settings
from django.db import connections

from deploy.local import ports, servers
from deploy.local.supervisor import Supervisor

ROOT = Path(__file__).resolve().parents[2]
READY_SECONDS = 60.0
TEST_SETTINGS = "platform_shared.project.settings.test"


@dataclass(frozen=True)
class WebServer:
    """Where the server listens; the club is chosen by the host name alone."""

    port: int

    def client(self, host: str, access: str | None = None, *, timeout: float = 60) -> httpx.Client:
        """Return a client with connections of its own; paths are below ``/api/v1/``."""
        headers = {"Host": host}
        if access is not None:
            headers["Authorization"] = f"Bearer {access}"
        return httpx.Client(
            base_url=f"http://{ports.LOOPBACK}:{self.port}/api/v1/",
            headers=headers,
            timeout=timeout,
            trust_env=False,
            verify=False,  # noqa: S501 - no TLS on loopback, and loading certificates takes long
        )


def live_url() -> str:
    """Return the address of the committing database, as ``live_database`` has it."""
    values = connections.databases["default"]
    name = str(values["NAME"]).removesuffix("_live") + "_live"
    return (
        f"postgresql://{values['USER']}:{values['PASSWORD']}"
        f"@{values['HOST']}:{values['PORT']}/{name}"
    )


@contextmanager
def serving(
    database_url: str,
    log_dir: Path,
    *,
    settings_module: str = TEST_SETTINGS,
    application: str = servers.WSGI,
    **told: str,
) -> Iterator[WebServer]:
    """Serve the platform on a free port with the command that `make demo` uses.

    A test may name other settings or another application; ``told`` is more of its environment.
    """
    port = ports.choose()
    command = [application if part == servers.WSGI else part for part in servers.web_command(port)]
    env = {
        **os.environ,
        "DATABASE_URL": database_url,
        "REDIS_URL": settings.REDIS_URL,
        "DJANGO_SETTINGS_MODULE": settings_module,
        **told,
    }
    with Supervisor(log_dir) as supervisor:
        supervisor.start("web", command, env=env, cwd=ROOT)
        supervisor.wait_until(
            lambda: servers.is_web_ready(port), timeout=READY_SECONDS, what="the web server"
        )
        yield WebServer(port)


@pytest.fixture(scope="session")
def web(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebServer]:
    """A web server over the committing database, once a session; a conftest imports it."""
    with serving(live_url(), tmp_path_factory.mktemp("web")) as server:
        yield server
