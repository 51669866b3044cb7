"""Hold one child process, and let nothing of it outlive whoever started it.

This file is run by path in an interpreter of its own (`python -I -S leash.py …`), so it imports
nothing of the project and little of the standard library:

    leash.py CONTROL REPORT STOP_SIGNAL GRACE OWNER KEEP -- COMMAND…

CONTROL is the read end of a pipe whose write end only the launcher holds. A byte 0 means "stop the
child", any other byte is a signal number for the child's process group. End of file means that the
launcher is gone, even by SIGKILL, and is an order to stop too. Stopping is STOP_SIGNAL to the
child, GRACE seconds of patience, then SIGKILL to its group. The child's pid is written to REPORT.
OWNER is `uid:gid` to run the child as, or `-`. KEEP is a comma-separated list of descriptors that
are held until the child is gone (locks), or `-`. The exit status is the child's, 128 + n after
signal n.

On Linux the leash also adopts processes that the child leaves behind, so that those which moved to
a session of their own are ended too, and the child is told to stop if the leash itself is killed.
"""

import contextlib
import ctypes
import math
import os
import select
import signal
import sys
import time
from collections.abc import Callable

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
STOP_SIGNALS = {signal.SIGTERM, signal.SIGINT, signal.SIGHUP}
PARENT_POLL_SECONDS = 0.5
SWEEP_SECONDS = 5.0

type Prctl = Callable[[int, int], object]


def load_prctl() -> Prctl | None:
    """Return Linux's prctl(), or None elsewhere; loaded before the fork, used after it."""
    if sys.platform != "linux":
        return None
    prctl: Prctl = ctypes.CDLL(None, use_errno=True).prctl
    return prctl


def become_child(
    command: list[str], owner: str, stop_signal: int, prctl: Prctl | None, leash: int
) -> None:
    """Turn this freshly forked process into the command; never returns."""
    try:
        os.setpgid(0, 0)
        for number in (*STOP_SIGNALS, signal.SIGCHLD, signal.SIGPIPE):
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)
        if owner != "-":
            uid, gid = (int(part) for part in owner.split(":"))
            os.setgroups([])
            os.setgid(gid)
            os.setuid(uid)
        if prctl is not None:
            # After setuid(), which clears it.
            prctl(PR_SET_PDEATHSIG, stop_signal)
        if os.getppid() != leash:
            os._exit(1)
        os.execvp(command[0], command)
    except OSError as error:
        os.write(2, f"cannot run {command[0]}: {error.strerror}\n".encode())
    os._exit(127)


class Leash:
    """The child, and what has been asked of it so far."""

    def __init__(self, child: int, stop_signal: int, grace: float) -> None:
        self.child = child
        self.stop_signal = stop_signal
        self.grace = grace
        self.status: int | None = None
        self.deadline: float | None = None

    def send(self, number: int) -> None:
        """Send a signal to the child's whole process group."""
        if self.status is None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.child, number)

    def stop(self) -> None:
        """Ask the child to stop, once; it has until the deadline."""
        if self.deadline is None and self.status is None:
            self.deadline = time.monotonic() + self.grace
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.child, self.stop_signal)
                os.kill(self.child, signal.SIGCONT)

    def obey(self, orders: bytes) -> None:
        """Carry out what came through the control pipe; nothing means its other end is gone."""
        if not orders:
            self.stop()
        for order in orders:
            if order:
                self.send(order)
            else:
                self.stop()

    def reap(self) -> bool:
        """Collect whoever has ended; return whether anybody is left."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return False
            if pid == 0:
                return True
            if pid == self.child:
                self.status = os.waitstatus_to_exitcode(status)

    def hold(self, control: int, wakeup: int) -> None:
        """Pass on orders until the child has ended."""
        parent = os.getppid()
        watched = [control, wakeup]
        while self.status is None:
            patience = PARENT_POLL_SECONDS
            if self.deadline is not None:
                patience = min(patience, max(0.0, self.deadline - time.monotonic()))
            ready, _, _ = select.select(watched, [], [], patience)
            if wakeup in ready:
                woken_by = os.read(wakeup, 512)
                if any(number in STOP_SIGNALS for number in woken_by):
                    self.stop()
            if control in ready:
                orders = os.read(control, 512)
                if not orders:
                    watched.remove(control)
                self.obey(orders)
            # Covers a launcher that was forked without exec: its copy keeps the pipe open.
            if os.getppid() != parent:
                self.stop()
            self.reap()
            if self.deadline is not None and time.monotonic() >= self.deadline:
                self.send(signal.SIGKILL)
                self.deadline = math.inf

    def sweep(self) -> None:
        """Kill what the child left behind: its process group, and every orphan adopted since."""
        deadline = time.monotonic() + SWEEP_SECONDS
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.child, signal.SIGKILL)
        while self.reap() and time.monotonic() < deadline:
            for pid in adopted_children():
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(pid, signal.SIGKILL)
            time.sleep(0.01)


def adopted_children() -> list[int]:
    """Return the pids of this process's living children (Linux; elsewhere nothing is adopted)."""
    me = os.getpid()
    found = []
    for entry in os.listdir("/proc") if sys.platform == "linux" else ():
        if entry.isdigit():
            with contextlib.suppress(OSError), open(f"/proc/{entry}/stat", "rb") as stat:
                if int(stat.read().rpartition(b")")[2].split()[1]) == me:
                    found.append(int(entry))
    return found


def main(arguments: list[str]) -> int:
    """Start the command, hold it, clear up after it; return its exit status."""
    control, report, stop_signal = (int(argument) for argument in arguments[:3])
    grace, owner, keep, command = float(arguments[3]), arguments[4], arguments[5], arguments[7:]
    kept = [int(descriptor) for descriptor in keep.split(",")] if keep != "-" else []
    for descriptor in (control, report, *kept):
        os.set_inheritable(descriptor, False)

    wakeup, wakeup_end = os.pipe()
    os.set_blocking(wakeup_end, False)
    signal.set_wakeup_fd(wakeup_end, warn_on_full_buffer=False)
    for number in (*STOP_SIGNALS, signal.SIGCHLD):
        signal.signal(number, lambda *_: None)

    prctl = load_prctl()
    if prctl is not None:
        prctl(PR_SET_CHILD_SUBREAPER, 1)
    leash_pid = os.getpid()
    signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
    child = os.fork()
    if child == 0:
        become_child(command, owner, stop_signal, prctl, leash_pid)
    with contextlib.suppress(OSError):
        os.setpgid(child, child)  # Whichever of the two comes first.
    signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)
    with contextlib.suppress(BrokenPipeError):
        os.write(report, f"{child}\n".encode())
    os.close(report)

    leash = Leash(child, stop_signal, grace)
    leash.hold(control, wakeup)
    leash.sweep()
    status = leash.status or 0
    return status if status >= 0 else 128 - status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
