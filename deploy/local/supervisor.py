"""Start children on leashes, wait for them, stop them in order.

    with Supervisor(log_dir) as supervisor:
        web = supervisor.start("web", argv, env=env)
        supervisor.wait_until(lambda: answers(port), timeout=30, what="web to answer")

Leaving the block stops every child, last started first. Signals are sent only to processes that
were started here. No signal handlers are installed: whoever owns the process calls `interrupt()`.
"""

import contextlib
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

from deploy.local.errors import ChildDied, Interrupted, LaunchError

LEASH = Path(__file__).with_name("leash.py")
STOP = 0
TAIL_LINES = 20
# How much longer than its grace a leash may take before it is given up.
LEASH_SLACK_SECONDS = 8.0


class Owner(NamedTuple):
    """The unprivileged account that a child runs as."""

    uid: int
    gid: int


class Child:
    """A process on a leash."""

    def __init__(
        self,
        name: str,
        leash: "subprocess.Popen[bytes]",
        control: int,
        pid: int,
        log: Path | None,
        grace: float,
    ) -> None:
        self.name = name
        self.pid = pid
        self.log = log
        self.grace = grace
        self.expected_to_end = False
        self._leash = leash
        self._control: int | None = control
        self._lock = threading.RLock()

    @property
    def leash_pid(self) -> int:
        """The pid of the leash, not of the child."""
        return self._leash.pid

    def poll(self) -> int | None:
        """Return the exit status (128 + n after signal n), or None while it runs."""
        with self._lock:
            status = self._leash.poll()
            if status is None:
                return None
            if self._control is not None:
                control, self._control = self._control, None
                os.close(control)
                if status < 0:
                    # Somebody killed the leash itself, so nobody has cleared up after the child.
                    kill_session(self._leash.pid, self.pid)
            return status if status >= 0 else 128 - status

    def send(self, number: int) -> None:
        """Send a signal to the child's process group; nothing happens once it has ended."""
        self._order(number)

    def stop(self) -> None:
        """Ask the child to stop: its stop signal, then SIGKILL after its grace."""
        self._order(STOP)

    def kill(self) -> None:
        """SIGKILL the child's process group."""
        self._order(signal.SIGKILL)

    def tail(self, lines: int = TAIL_LINES) -> str:
        """Return the last lines of its log."""
        if self.log is None:
            return ""
        with contextlib.suppress(OSError):
            with self.log.open("rb") as log:
                log.seek(0, os.SEEK_END)
                log.seek(max(0, log.tell() - 64 * 1024))
                text = log.read().decode(errors="replace")
            return "\n".join(text.splitlines()[-lines:])
        return ""

    def _order(self, order: int) -> None:
        with self._lock, contextlib.suppress(BrokenPipeError):
            if self._control is not None:
                os.write(self._control, bytes([order]))

    def _abandon(self) -> None:
        """Give up on a leash that does not end: kill it and whatever it held."""
        self._leash.kill()
        self._leash.wait()
        self.poll()


class Supervisor:
    """Children, and the order they were started in."""

    def __init__(self, log_dir: Path, *, keep_open: Sequence[int] = ()) -> None:
        """`keep_open` are descriptors that each leash holds until its child is gone (locks)."""
        self.children: list[Child] = []
        self._log_dir = log_dir
        self._keep_open = tuple(keep_open)
        self._interrupts = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop_all()

    def start(
        self,
        name: str,
        argv: Sequence[str | Path],
        *,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        stop_signal: int = signal.SIGTERM,
        grace: float = 10.0,
        owner: Owner | None = None,
        foreground: bool = False,
        echo: bool = False,
    ) -> Child:
        """Start a child and return it.

        Its output goes to `<log_dir>/<name>.log`, with `echo` its warnings and errors to the
        console as well; a `foreground` child has the launcher's own stdin, stdout and stderr.
        """
        log = None if foreground else self._fresh_log(name)
        control, control_end = os.pipe()
        report, report_end = os.pipe()
        try:
            with contextlib.ExitStack() as files:
                output = None if log is None else files.enter_context(log.open("wb"))
                leash = subprocess.Popen(
                    [
                        *(sys.executable, "-I", "-S", str(LEASH)),
                        *(str(control), str(report_end), str(int(stop_signal)), str(grace)),
                        f"{owner.uid}:{owner.gid}" if owner else "-",
                        ",".join(map(str, self._keep_open)) or "-",
                        "--",
                        *map(str, argv),
                    ],
                    stdin=None if foreground else subprocess.DEVNULL,
                    stdout=output,
                    stderr=None if foreground else subprocess.STDOUT,
                    env=None if env is None else dict(env),
                    cwd=cwd,
                    start_new_session=True,
                    pass_fds=(control, report_end, *self._keep_open),
                )
        except BaseException:
            os.close(control_end)
            os.close(report)
            raise
        finally:
            os.close(control)
            os.close(report_end)
        with os.fdopen(report, "rb") as lines:
            pid = int(lines.readline() or b"0")
        child = Child(name, leash, control_end, pid, log, grace)
        self.children.append(child)
        if echo and log is not None:
            threading.Thread(target=_echo_warnings, args=(child, log), daemon=True).start()
        return child

    def run(
        self,
        name: str,
        argv: Sequence[str | Path],
        *,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        owner: Owner | None = None,
    ) -> None:
        """Run a command to its end.

        Raises: ChildDied when it fails or when another child ends meanwhile.
        """
        child = self.start(name, argv, env=env, cwd=cwd, owner=owner)
        if (status := self.wait_for_end(child)) != 0:
            raise ChildDied(_obituary(child, status))

    def wait_for_end(self, child: Child) -> int:
        """Wait until a child ends, and return its exit status; the others have to stay alive."""
        child.expected_to_end = True
        while (status := child.poll()) is None:
            self.raise_if_any_died()
            self.pause(0.02)
        return status

    def wait_until(self, check: Callable[[], bool], *, timeout: float, what: str) -> None:
        """Wait until the check holds, as long as every child lives.

        Raises: ChildDied; LaunchError after `timeout` seconds.
        """
        deadline = time.monotonic() + timeout
        while True:
            self.raise_if_any_died()
            if check():
                return
            if time.monotonic() >= deadline:
                raise LaunchError(f"waited {timeout:.0f} s in vain for {what}")
            self.pause(0.02)

    def watch(self) -> None:
        """Wait until a child ends or somebody interrupts; returns never, but by an exception."""
        while True:
            self.raise_if_any_died()
            self.pause(0.2)

    def pause(self, seconds: float) -> None:
        """Sleep, unless interrupted. Raises: Interrupted."""
        deadline = time.monotonic() + seconds
        while not self._interrupts:
            left = deadline - time.monotonic()
            if left <= 0:
                return
            time.sleep(min(left, 0.05))
        raise Interrupted

    def interrupt(self) -> None:
        """Make every wait end with `Interrupted`; a second call kills instead of waiting.

        It only counts, so that signal handlers and other threads may call it.
        """
        self._interrupts += 1

    def raise_if_any_died(self) -> None:
        """Raises: ChildDied when a child has ended that was not expected to."""
        for child in self.children:
            if not child.expected_to_end and (status := child.poll()) is not None:
                child.expected_to_end = True
                raise ChildDied(_obituary(child, status))

    def stop_all(self) -> None:
        """Stop every child, last started first, each within its grace."""
        for child in reversed(self.children):
            child.expected_to_end = True
            child.stop()
            deadline = time.monotonic() + child.grace + LEASH_SLACK_SECONDS
            while child.poll() is None:
                if self._interrupts > 1:
                    child.kill()
                if time.monotonic() >= deadline:
                    child._abandon()
                time.sleep(0.02)
        self.children.clear()

    def _fresh_log(self, name: str) -> Path:
        self._log_dir.mkdir(parents=True, exist_ok=True)
        log = self._log_dir / f"{name}.log"
        with contextlib.suppress(FileNotFoundError):
            log.replace(log.with_suffix(".log.1"))
        return log


def kill_session(session: int, child: int) -> None:
    """SIGKILL what is left of a leash's session after the leash itself was killed.

    A session's number is not given to a new process while a member lives, so this reaches nobody
    else.
    """
    candidates = [child]
    with contextlib.suppress(FileNotFoundError):
        candidates += [int(entry) for entry in os.listdir("/proc") if entry.isdigit()]
    for pid in candidates:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if pid > 1 and os.getsid(pid) == session:
                os.kill(pid, signal.SIGKILL)


def _obituary(child: Child, status: int) -> str:
    how = f"was ended by {_signal_name(status - 128)}" if status > 128 else f"exited with {status}"
    where = "" if child.log is None else f"; the end of {child.log}:\n{child.tail()}"
    return f"{child.name} {how}{where}"


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


_LEVEL = re.compile(rb"(?<!%)\b(DEBUG|INFO|WARNING|ERROR|CRITICAL)\b")


def _echo_warnings(child: Child, log: Path) -> None:
    """Copy warnings, errors and the lines that continue them from a log to the console."""
    loud = False
    with log.open("rb") as lines:
        while True:
            ended = child.poll() is not None
            if ended and not child.expected_to_end:
                return  # Whoever finds it dead shows the end of its log.
            for line in lines:
                if level := _LEVEL.search(line):
                    loud = level[1] not in {b"DEBUG", b"INFO"}
                elif line.startswith(b"Traceback "):
                    loud = True
                if loud:
                    text = line.decode(errors="replace").rstrip("\n")
                    print(f"{child.name} | {text}", file=sys.stderr, flush=True)
            if ended:
                return
            time.sleep(0.2)
