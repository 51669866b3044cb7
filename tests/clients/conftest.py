"""The clients, made once a session, and a server for them to speak to."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import pytest

from deploy.clients import making, python, typescript
from deploy.local import ports
from platform_shared.clubs.models import Host
from platform_shared.kit.access import Role
from platform_shared.tenancy import binding
from tests.conftest import LiveDatabase
from tests.support.live import WebServer, web
from tests.support.world import PASSWORD

__all__ = ["web"]


@dataclass(frozen=True)
class Tools:
    """Where the clients and what checks and runs them are."""

    python: Path
    typescript: Path
    node: Path

    def tsc(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        compiler = self.typescript / "node_modules" / "typescript" / "bin" / "tsc"
        return run([str(self.node), str(compiler), *arguments], cwd=self.typescript)


def run(
    command: list[str], *, cwd: Path, env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a program to its end; what it says is for the test to judge."""
    return subprocess.run(
        command,
        cwd=cwd,
        env={**os.environ, **(env or {})},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.fixture(scope="session")
def tools() -> Tools:
    """The clients of the documents as they are."""
    made = run(["make", "--no-print-directory", "clients"], cwd=making.ROOT)
    assert made.returncode == 0, made.stdout + made.stderr
    return Tools(python.TARGET, typescript.TARGET, typescript.node())


@pytest.fixture
def club_env(live_database: LiveDatabase, world: SimpleNamespace, web: WebServer) -> dict[str, str]:
    """Where a program finds club a, and how its admin signs in.

    The club answers on the loopback address too: not every resolver knows ``*.localhost``, and not
    every client lets a program say which host it means.
    """
    with binding.platform():
        Host.objects.get_or_create(
            domain=ports.LOOPBACK, tenant_id=world.a.ref.id, is_primary=False
        )
    return {
        "CLUB": f"http://{ports.LOOPBACK}:{web.port}",
        "EMAIL": world.a.email(Role.CLUB_ADMIN),
        "PASSWORD": PASSWORD,
    }


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing leaves loopback, whatever the machine is set to."""
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
