"""Services and secrets together: kept in `.local/`, or made for one run and thrown away.

A kept stack uses what the environment names already (`DATABASE_URL`, `REDIS_URL`, a secret). One
that is thrown away never does: what runs in it empties and drops what it finds.
"""

import base64
import contextlib
import json
import os
import secrets
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from deploy.local import postgres, valkey
from deploy.local.errors import LaunchError
from deploy.local.locks import locked, try_lock
from deploy.local.postgres import Passwords
from deploy.local.supervisor import Supervisor

# A predecessor that was killed needs a moment until its PostgreSQL has shut down.
PREDECESSOR_SECONDS = 30.0


def random_key() -> str:
    """Return 32 random bytes in url-safe base64 without padding."""
    return base64.urlsafe_b64encode(secrets.token_bytes(32)).rstrip(b"=").decode()


SECRETS: Mapping[str, Callable[[], str]] = {
    "SECRET_KEY": lambda: secrets.token_urlsafe(50),
    "JWT_KEYS": random_key,
    "MASTER_KEYS": random_key,
}
PROVIDED = (
    *SECRETS,
    *("DATABASE_URL", "REDIS_URL", "FILES_ROOT", "EMAIL_URL", "COVERAGE_FILE"),
)
# What else tells the project where it is and how it is set up.
CHOSEN = (
    *("BASE_DOMAIN", "PLATFORM_HOSTS", "EXTERNAL_SCHEME", "EXTERNAL_PORT"),
    "DJANGO_SETTINGS_MODULE",
)
# The variable by which a command knows that its services are its own, to empty as it likes.
THROWAWAY = "THROWAWAY_STACK"


@dataclass
class State:
    """What a stack remembers: `env` is for the project, the rest for the next start."""

    env: dict[str, str] = field(default_factory=dict)
    postgres_superuser_password: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    postgres_password: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    postgres_port: int | None = None
    valkey_password: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    valkey_port: int | None = None

    @classmethod
    def load(cls, path: Path) -> "State":
        """Read the state file; without one, make up new secrets."""
        try:
            return cls(**json.loads(path.read_text()))
        except FileNotFoundError:
            return cls()
        except (ValueError, TypeError) as error:
            raise LaunchError(
                f"{path} is damaged ({error}); restore it, or start afresh: rm -r {path.parent}"
            ) from None

    def save(self, path: Path) -> None:
        """Replace the state file, readable by its owner alone."""
        descriptor, draft = tempfile.mkstemp(dir=path.parent, prefix=".stack-")
        with os.fdopen(descriptor, "w") as file:
            json.dump(vars(self), file, indent=2)
            file.write("\n")
        Path(draft).replace(path)


@dataclass(frozen=True)
class Stack:
    """Running services, and the environment in which the project finds them."""

    supervisor: Supervisor
    home: Path
    env: dict[str, str]
    superuser_url: str | None = None  # of a throw-away stack's own PostgreSQL


@contextlib.contextmanager
def kept_stack(root: Path, begin: Callable[[Supervisor], None]) -> Iterator[Stack]:
    """Run this checkout's own stack, whose data stay in `.local/`.

    `begin` is told of the supervisor before anything is started. Raises: LaunchError when the
    stack is running already.
    """
    home = root / ".local"
    home.mkdir(exist_ok=True)
    lock = _lock_kept_stack(home / "lock")
    try:
        with Supervisor(home / "logs", keep_open=[lock]) as supervisor:
            begin(supervisor)
            path = home / "stack.json"
            state = State.load(path)
            for name, make in SECRETS.items():
                state.env.setdefault(name, make())
            # Saved before they are used: a cluster without its passwords is lost.
            state.save(path)
            started = _start_services(supervisor, root, home, state, os.environ, durable=True)
            state.env |= started
            state.save(path)
            yield Stack(supervisor, home, {**state.env, **_given_environment(), **started})
    finally:
        os.close(lock)


@contextlib.contextmanager
def throwaway_stack(
    root: Path, begin: Callable[[Supervisor], None], *, durable: bool = False
) -> Iterator[Stack]:
    """Run a stack of its own in `.local/tmp/`, removed at the end; any number at the same time.

    With `durable` its services write as those of a kept stack do: a commit is on the disk.
    """
    parent = root / ".local" / "tmp"
    parent.mkdir(parents=True, exist_ok=True)
    with locked(root / ".local" / "tmp.lock"):
        _sweep(root, parent)
        home = Path(tempfile.mkdtemp(dir=parent, prefix="run-"))
        home.chmod(0o755)  # PostgreSQL's account has to get through, when there is one.
        lock = try_lock(home / "lock")
    try:
        with Supervisor(home / "logs", keep_open=[lock] if lock is not None else []) as supervisor:
            begin(supervisor)
            state = State(env={name: make() for name, make in SECRETS.items()})
            started = _start_services(supervisor, root, home, state, {}, durable=durable)
            env = {
                **_neutral_environment(),
                "FILES_ROOT": str(home / "files"),
                "EMAIL_URL": (home / "mail").as_uri(),
                # Runs side by side must not mix their measurements.
                "COVERAGE_FILE": str(home / "coverage"),
                **state.env,
                **started,
            }
            assert state.postgres_port is not None
            superuser = postgres.url(
                state.postgres_port, state.postgres_superuser_password, role=postgres.SUPERUSER
            )
            yield Stack(supervisor, home, {**env, THROWAWAY: _addresses(env)}, superuser)
    finally:
        _remove(root, home)
        if lock is not None:
            os.close(lock)


def is_throwaway(environ: Mapping[str, str]) -> bool:
    """Return whether the services that the environment names are a throw-away stack's."""
    return environ.get(THROWAWAY) == _addresses(environ)


def _addresses(environ: Mapping[str, str]) -> str:
    return f"{environ.get('DATABASE_URL')} {environ.get('REDIS_URL')}"


def _given_environment() -> dict[str, str]:
    """Return our own environment; a variable that is empty counts as absent, as in `env.py`."""
    return {name: value for name, value in os.environ.items() if value or name not in PROVIDED}


def _neutral_environment() -> dict[str, str]:
    """Return our own environment without what would lead the project, or libpq, elsewhere."""
    return {
        name: value
        for name, value in os.environ.items()
        if name not in (*PROVIDED, *CHOSEN) and not name.startswith("PG")
    }


def _start_services(
    supervisor: Supervisor,
    root: Path,
    home: Path,
    state: State,
    given: Mapping[str, str],
    *,
    durable: bool,
) -> dict[str, str]:
    """Start what `given` does not name already; return the addresses."""
    started = {}
    if not given.get("DATABASE_URL"):
        passwords = Passwords(state.postgres_superuser_password, state.postgres_password)
        cluster = postgres.locate(root, home / "postgres", durable=durable)
        state.postgres_port = postgres.start(supervisor, cluster, passwords, state.postgres_port)
        started["DATABASE_URL"] = postgres.url(state.postgres_port, state.postgres_password)
    if not given.get("REDIS_URL"):
        state.valkey_port = valkey.start(
            supervisor,
            home / "valkey",
            state.valkey_password,
            durable=durable,
            port=state.valkey_port,
        )
        started["REDIS_URL"] = valkey.url(state.valkey_port, state.valkey_password)
    return started


def _lock_kept_stack(path: Path) -> int:
    deadline = time.monotonic() + PREDECESSOR_SECONDS
    while (lock := try_lock(path)) is None:
        holder = path.read_text().strip()
        if not holder.isdigit() or _is_alive(int(holder)) or time.monotonic() > deadline:
            raise LaunchError(
                f"this checkout's stack is already running (pid {holder or 'unknown'}); "
                "stop that one first, or use another checkout"
            )
        # Its launcher is gone, and what it started is being stopped.
        time.sleep(0.1)
    os.ftruncate(lock, 0)
    os.write(lock, f"{os.getpid()}\n".encode())
    return lock


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _sweep(root: Path, parent: Path) -> None:
    """Remove what runs left behind that were killed: nobody holds their lock any more."""
    for home in parent.iterdir():
        with contextlib.suppress(OSError):
            lock = try_lock(home / "lock")
            if lock is not None:
                _remove(root, home)
                os.close(lock)


def _remove(root: Path, home: Path) -> None:
    if os.geteuid() == 0:
        shutil.rmtree(postgres.fallback_of(root, home / "postgres"), ignore_errors=True)
    shutil.rmtree(home, ignore_errors=True)
