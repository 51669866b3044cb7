"""What the launcher can do: demo, journey, bench, services, run."""

import os
import shutil
import signal
import string
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from deploy.local import ports, servers
from deploy.local.errors import Interrupted, LaunchError
from deploy.local.stack import Stack, kept_stack, throwaway_stack
from deploy.local.supervisor import Supervisor

LOCAL_SETTINGS = "platform_shared.project.settings.local"
TEST_SETTINGS = "platform_shared.project.settings.test"
PRODUCTION_SETTINGS = "platform_shared.project.settings.production"
DEFAULT_PORT = 8000
READY_SECONDS = 60.0

type Begin = Callable[[Supervisor], None]


def demo(root: Path, begin: Begin) -> int:
    """Serve the platform with sample data until interrupted."""
    port = _web_port()
    began = time.monotonic()

    def begin_on_free_port(supervisor: Supervisor) -> None:
        # Not before the lock is ours: a predecessor may still be letting go of the port.
        begin(supervisor)
        if not ports.is_free(port):
            raise LaunchError(
                f"port {port} on {ports.LOOPBACK} is taken; choose another: "
                f"PORT={port + 1 if port < 65535 else DEFAULT_PORT} make demo"
            )
        _say("Starting PostgreSQL and Valkey ...")

    with kept_stack(root, begin_on_free_port) as stack:
        env = _server_environment(stack, port)
        _manage(stack, root, env, "migrate_platform", "Migrating the platform and its clubs ...")
        _start_web(stack, root, env, port)
        # Meanwhile the web server loads: on two cores that is faster than one after the other.
        _manage(stack, root, env, "seed_demo", "Filling in the sample data, starting web ...")
        _wait_for_web(stack, port)
        _start_background(stack, root, env)
        welcome = string.Template(Path(__file__).with_name("welcome.txt").read_text())
        _say(welcome.substitute(port=port, logs=stack.home / "logs"))
        _say(f"Ready after {time.monotonic() - began:.1f} s.")
        _until_interrupted(stack)
    _say("Stopped.")
    return 0


def services(root: Path, begin: Begin) -> int:
    """Run the checkout's PostgreSQL and Valkey until interrupted, for a bare `manage.py`."""
    _say("Starting PostgreSQL and Valkey ...")
    with kept_stack(root, begin) as stack:
        _say("PostgreSQL and Valkey are running; `manage.py` finds them. Ctrl-C stops them.")
        _until_interrupted(stack)
    _say("Stopped.")
    return 0


def journey(root: Path, begin: Begin) -> int:
    """Run the main path over HTTP against a platform of its own; return the journey's status."""
    with throwaway_stack(root, begin) as stack:
        try:
            port = ports.choose()
            env = _server_environment(stack, port)
            _manage(stack, root, env, "migrate_platform", "Migrating ...")
            _say("Starting web, worker and beat ...")
            _start_web(stack, root, env, port)
            _wait_for_web(stack, port)
            _start_background(stack, root, env)
            env["JOURNEY_BASE_PORT"] = str(port)
            # It speaks through the generated client, which `make journey` has made.
            env["PYTHONPATH"] = str(root / ".local" / "clients" / "python")
            status = _in_foreground(
                stack, [sys.executable, "-m", "tests.journeys.main_path"], root, env
            )
        except LaunchError:
            _keep_logs(stack, root)
            raise
        if status != 0:
            _say(f"The servers' logs are in {_keep_logs(stack, root)}.")
        return status


def bench(root: Path, begin: Begin, arguments: Sequence[str]) -> int:
    """Measure a durable throw-away platform in production's settings; return the status."""
    with throwaway_stack(root, begin, durable=True) as stack:
        env = {
            **stack.env,
            "DJANGO_SETTINGS_MODULE": PRODUCTION_SETTINGS,
            "BASE_DOMAIN": "localhost",
            "BENCH_HOME": str(stack.home),
            "BENCH_SUPERUSER_URL": stack.superuser_url or "",
        }
        _manage(stack, root, env, "migrate_platform", "Migrating ...")
        status = _in_foreground(
            stack, [sys.executable, "-m", "deploy.bench", *arguments], root, env
        )
        if status != 0:
            _say(f"The logs are in {_keep_logs(stack, root, 'bench')}.")
        return status


def run(root: Path, begin: Begin, command: Sequence[str]) -> int:
    """Run a command with services of its own; return its exit status."""
    with throwaway_stack(root, begin) as stack:
        env = {**stack.env, "DJANGO_SETTINGS_MODULE": TEST_SETTINGS}
        return _in_foreground(stack, command, Path.cwd(), env)


def _web_port() -> int:
    text = os.environ.get("PORT") or str(DEFAULT_PORT)
    if not text.isdigit() or not 0 < int(text) < 65536:
        raise LaunchError(f"PORT is {text!r}, which is no port number")
    return int(text)


def _server_environment(stack: Stack, port: int) -> dict[str, str]:
    return {
        **stack.env,
        "DJANGO_SETTINGS_MODULE": LOCAL_SETTINGS,
        "EXTERNAL_SCHEME": "http",
        "EXTERNAL_PORT": str(port),
    }


def _manage(stack: Stack, root: Path, env: dict[str, str], command: str, what: str) -> None:
    _say(what)
    stack.supervisor.run(command, [sys.executable, "manage.py", command], env=env, cwd=root)


def _start_web(stack: Stack, root: Path, env: dict[str, str], port: int) -> None:
    stack.supervisor.start("web", servers.web_command(port), env=env, cwd=root, echo=True)


def _wait_for_web(stack: Stack, port: int) -> None:
    stack.supervisor.wait_until(
        lambda: servers.is_web_ready(port),
        timeout=READY_SECONDS,
        what=f"http://{ports.LOOPBACK}:{port}/health/ready to answer 200",
    )


def _start_background(stack: Stack, root: Path, env: dict[str, str]) -> None:
    """Start worker and beat; after web, which they would slow down by seconds on two cores."""
    start = stack.supervisor.start
    start("worker", servers.worker_command(), env=env, cwd=root, echo=True)
    schedule = stack.home / "beat" / "schedule"
    schedule.parent.mkdir(exist_ok=True)
    start("beat", servers.beat_command(schedule), env=env, cwd=root, echo=True)


def _until_interrupted(stack: Stack) -> None:
    try:
        stack.supervisor.watch()
    except Interrupted:
        _say("Stopping ...")


def _in_foreground(stack: Stack, command: Sequence[str], cwd: Path, env: dict[str, str]) -> int:
    """Run the command on our own console; the first Ctrl-C is the command's to answer."""
    supervisor = stack.supervisor
    child = supervisor.start(
        Path(command[0]).name, command, env=env, cwd=cwd, foreground=True, grace=15.0
    )
    presses = 0

    def press(*_: object) -> None:
        nonlocal presses
        presses += 1
        if presses > 1:
            supervisor.interrupt()

    answer = signal.signal(signal.SIGINT, press)
    passed_on = False
    child.expected_to_end = True
    try:
        while (status := child.poll()) is None:
            if presses and not passed_on:
                passed_on = True
                child.send(signal.SIGINT)
            supervisor.raise_if_any_died()
            supervisor.pause(0.02)
    finally:
        signal.signal(signal.SIGINT, answer)
    return status


def _keep_logs(stack: Stack, root: Path, name: str = "journey") -> Path:
    """Save a throw-away stack's logs from being thrown away."""
    kept = root / ".local" / "logs" / name
    shutil.rmtree(kept, ignore_errors=True)
    shutil.copytree(stack.home / "logs", kept)
    return kept


def _say(text: str) -> None:
    print(text, flush=True)
