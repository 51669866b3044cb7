"""Command line of the launcher."""

import argparse
import os
import signal
import sys
import threading
import time
from pathlib import Path

from deploy.local import commands
from deploy.local.errors import Interrupted, LaunchError
from deploy.local.supervisor import Supervisor

ROOT = Path(__file__).resolve().parents[2]
PARENT_POLL_SECONDS = 0.5


class Interruptions:
    """Ctrl-C, a stop signal, or the end of whoever started us, passed to the supervisor."""

    def __init__(self) -> None:
        self.signal: int | None = None
        self._supervisor: Supervisor | None = None
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            # nohup means it.
            if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
                signal.signal(number, self._handle)
        self._parent = os.getppid()
        threading.Thread(target=self._watch_parent, daemon=True).start()

    def begin(self, supervisor: Supervisor) -> None:
        """Pass interruptions to this supervisor from now on, the one so far included."""
        self._supervisor = supervisor
        if self.signal is not None:
            supervisor.interrupt()

    def _handle(self, number: int, _frame: object) -> None:
        self.signal = self.signal or number
        if self._supervisor is not None:
            self._supervisor.interrupt()

    def _watch_parent(self) -> None:
        while self._parent > 1:
            time.sleep(PARENT_POLL_SECONDS)
            if os.getppid() != self._parent:
                self._handle(signal.SIGHUP, None)
                return


def main() -> int:
    """Run one command; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m deploy.local", description=commands.__doc__)
    choices = parser.add_subparsers(dest="command", required=True)
    for function in (commands.demo, commands.services, commands.journey):
        choices.add_parser(function.__name__, help=(function.__doc__ or "").splitlines()[0])
    run = choices.add_parser("run", help=(commands.run.__doc__ or "").splitlines()[0])
    run.add_argument("argv", nargs=argparse.REMAINDER, metavar="[--] command ...")
    bench = choices.add_parser("bench", help=(commands.bench.__doc__ or "").splitlines()[0])
    bench.add_argument("argv", nargs=argparse.REMAINDER, metavar="[--] option ...")
    options = parser.parse_args()

    interruptions = Interruptions()
    try:
        if options.command in ("run", "bench"):
            argv = options.argv[1:] if options.argv[:1] == ["--"] else options.argv
            if options.command == "bench":
                return commands.bench(ROOT, interruptions.begin, argv)
            if not argv:
                parser.error("run: which command?")
            return commands.run(ROOT, interruptions.begin, argv)
        command = {"demo": commands.demo, "services": commands.services}.get(
            options.command, commands.journey
        )
        return command(ROOT, interruptions.begin)
    except Interrupted:
        return 128 + (interruptions.signal or signal.SIGTERM)
    except (LaunchError, OSError) as error:
        print(f"{options.command}: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
