"""The local launcher: nothing outlives it, nothing collides, errors say what to do."""

import contextlib
import io
import json
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from redis import Redis

from deploy.local import ports, postgres, valkey
from deploy.local.errors import ChildDied, Interrupted, LaunchError
from deploy.local.leash import adopted_children
from deploy.local.locks import try_lock
from deploy.local.postgres import Passwords
from deploy.local.stack import (
    CHOSEN,
    PROVIDED,
    THROWAWAY,
    Stack,
    is_throwaway,
    kept_stack,
    throwaway_stack,
)
from deploy.local.supervisor import Supervisor

ROOT = Path(__file__).resolve().parents[2]
LINUX = sys.platform == "linux"
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root changes to another account")

# Ignores every polite signal, and has a child that does too; `own_session` moves it out of reach
# of a signal to the process group.
STUBBORN = """
import os, signal, sys, time
for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
    signal.signal(number, signal.SIG_IGN)
grandchild = os.fork()
if grandchild == 0:
    if sys.argv[2] == "own_session":
        os.setsid()
    time.sleep(60)
    os._exit(0)
with open(sys.argv[1] + ".draft", "w") as file:
    file.write(f"{os.getpid()} {grandchild}")
os.rename(sys.argv[1] + ".draft", sys.argv[1])
time.sleep(60)
"""

LEASHED = """
import sys, time
from pathlib import Path
from deploy.local.supervisor import Supervisor
supervisor = Supervisor(Path(sys.argv[1]))
supervisor.start("stubborn", [sys.executable, *sys.argv[2:]], grace=0.3)
time.sleep(60)
"""

UNLEASHED = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, *sys.argv[2:]])
time.sleep(60)
"""


def ignore(_supervisor: Supervisor) -> None:
    pass


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return not Path("/proc/self").exists()


def wait_for(check: Callable[[], bool], seconds: float = 15.0) -> bool:
    deadline = time.monotonic() + seconds
    while not check():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def pids_in(file: Path) -> list[int]:
    assert wait_for(file.exists), f"{file} was never written"
    return [int(word) for word in file.read_text().split()]


def gone(pids: list[int], seconds: float = 15.0) -> bool:
    return wait_for(lambda: not any(is_running(pid) for pid in pids), seconds)


@contextlib.contextmanager
def started(*argv: str | Path, **options: object) -> Iterator["subprocess.Popen[str]"]:
    process = subprocess.Popen([str(word) for word in argv], cwd=ROOT, text=True, **options)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def commands_mentioning(text: str) -> list[str]:
    """Return the command lines of living processes that contain a text."""
    found = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            command = file.read_bytes().replace(b"\0", b" ").decode(errors="replace")
            if text in command and file.parent.name != str(os.getpid()):
                found.append(command)
    return found


def select_one(url: str) -> object:
    with psycopg.connect(url, connect_timeout=5) as connection:
        return connection.execute("SELECT current_user, 1").fetchone()


@pytest.fixture(autouse=True)
def _no_given_services(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DATABASE_URL", "REDIS_URL", "SECRET_KEY", "JWT_KEYS", "MASTER_KEYS"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def checkout(tmp_path: Path) -> Iterator[Path]:
    """An empty checkout; for root it is one that PostgreSQL's account cannot reach."""
    root = tmp_path / "checkout"
    root.mkdir(mode=0o700)
    yield root
    shutil.rmtree(postgres.fallback_home(root, create=False), ignore_errors=True)


class TestLeash:
    @pytest.mark.parametrize(
        "where",
        [
            "same_group",
            pytest.param(
                "own_session", marks=pytest.mark.skipif(not LINUX, reason="adopts on Linux only")
            ),
        ],
    )
    def test_leaves_nothing_when_its_launcher_is_killed(self, tmp_path: Path, where: str) -> None:
        file = tmp_path / "pids"
        launch = (sys.executable, "-c", LEASHED, tmp_path, "-c", STUBBORN, file, where)
        with started(*launch) as launcher:
            pids = pids_in(file)
            launcher.kill()
            launcher.wait(5)
            assert gone(pids)
            assert wait_for(lambda: not commands_mentioning(str(file)))

    def test_is_what_makes_the_difference(self, tmp_path: Path) -> None:
        file = tmp_path / "pids"
        launch = (sys.executable, "-c", UNLEASHED, tmp_path, "-c", STUBBORN, file, "same_group")
        with started(*launch) as launcher:
            pids = pids_in(file)
            try:
                launcher.kill()
                launcher.wait(5)
                assert not gone(pids, seconds=1.0)
                assert all(is_running(pid) for pid in pids)
            finally:
                for pid in pids:
                    os.kill(pid, signal.SIGKILL)
            assert gone(pids)

    @pytest.mark.skipif(not LINUX, reason="the parent's death is signalled on Linux only")
    def test_leaves_nothing_when_it_is_killed_itself(self, tmp_path: Path) -> None:
        file = tmp_path / "pids"
        with Supervisor(tmp_path) as supervisor:
            child = supervisor.start(
                "stubborn", [sys.executable, "-c", STUBBORN, file, "same_group"]
            )
            pids = pids_in(file)
            os.kill(child.leash_pid, signal.SIGKILL)
            with pytest.raises(ChildDied, match="stubborn was ended by SIGKILL"):
                supervisor.watch()
            assert gone(pids)

    @pytest.mark.skipif(not LINUX, reason="the parent's death is signalled on Linux only")
    def test_and_its_launcher_may_both_be_killed(self, tmp_path: Path) -> None:
        polite = (
            "import os, sys, time; print(os.getpid(), os.getppid(), flush=True); time.sleep(60)"
        )
        with started(sys.executable, "-c", LEASHED, tmp_path, "-c", polite) as launcher:
            log = tmp_path / "stubborn.log"
            assert wait_for(lambda: log.exists() and log.read_text().endswith("\n"))
            child, leash = (int(word) for word in log.read_text().split())
            launcher.send_signal(signal.SIGSTOP)
            os.kill(leash, signal.SIGKILL)
            launcher.kill()
            assert gone([child])

    @pytest.mark.parametrize(
        ("code", "status"),
        [
            ("raise SystemExit(0)", 0),
            ("raise SystemExit(7)", 7),
            ("import os; os.kill(os.getpid(), 9)", 137),
        ],
    )
    def test_exits_as_its_child_did(self, tmp_path: Path, code: str, status: int) -> None:
        with Supervisor(tmp_path) as supervisor:
            child = supervisor.start("child", [sys.executable, "-c", code])
            assert supervisor.wait_for_end(child) == status

    def test_says_when_a_command_does_not_exist(self, tmp_path: Path) -> None:
        with (
            Supervisor(tmp_path) as supervisor,
            pytest.raises(ChildDied, match=r"exited with 127(.|\n)*cannot run /nowhere/command"),
        ):
            supervisor.run("child", ["/nowhere/command"])

    def test_hands_no_descriptor_to_the_child(self, tmp_path: Path) -> None:
        lock = try_lock(tmp_path / "lock")
        assert lock is not None
        code = """
import os
for number in range(3, 64):
    try:
        os.fstat(number)
    except OSError:
        continue
    print("open:", number)
"""
        with Supervisor(tmp_path, keep_open=[lock]) as supervisor:
            supervisor.run("child", [sys.executable, "-I", "-S", "-c", code])
        os.close(lock)
        assert (tmp_path / "child.log").read_text() == ""

    def test_holds_a_lock_until_the_child_is_gone(self, tmp_path: Path) -> None:
        lock = try_lock(tmp_path / "lock")
        assert lock is not None
        with Supervisor(tmp_path, keep_open=[lock]) as supervisor:
            supervisor.start("child", ["sleep", "60"])
            os.close(lock)
            assert try_lock(tmp_path / "lock") is None
        free = try_lock(tmp_path / "lock")
        assert free is not None
        os.close(free)


class TestSupervisor:
    def test_stops_the_last_started_first(self, tmp_path: Path) -> None:
        code = """
import signal, sys, time
def stop(*_):
    with open(sys.argv[1], "a") as file:
        file.write(sys.argv[2])
    sys.exit(0)
signal.signal(signal.SIGTERM, stop)
print("ready", flush=True)
time.sleep(60)
"""
        order = tmp_path / "order"
        with Supervisor(tmp_path) as supervisor:
            children = [
                supervisor.start(name, [sys.executable, "-c", code, order, name]) for name in "abc"
            ]
            supervisor.wait_until(
                lambda: all(child.tail() == "ready" for child in children), timeout=15, what="all"
            )
        assert order.read_text() == "cba"

    def test_kills_what_does_not_stop_within_its_grace(self, tmp_path: Path) -> None:
        file = tmp_path / "pids"
        with Supervisor(tmp_path) as supervisor:
            argv = [sys.executable, "-c", STUBBORN, file, "same_group"]
            supervisor.start("stubborn", argv, grace=0.3)
            pids = pids_in(file)
        assert gone(pids, seconds=1.0)

    def test_kills_at_once_when_asked_twice(self, tmp_path: Path) -> None:
        file = tmp_path / "pids"
        began = time.monotonic()
        with contextlib.suppress(Interrupted), Supervisor(tmp_path) as supervisor:
            argv = [sys.executable, "-c", STUBBORN, file, "same_group"]
            supervisor.start("stubborn", argv, grace=30)
            pids = pids_in(file)
            supervisor.interrupt()
            supervisor.interrupt()
            supervisor.watch()
        assert gone(pids, seconds=1.0)
        assert time.monotonic() - began < 10

    def test_tells_who_died_and_what_it_said_last(self, tmp_path: Path) -> None:
        with Supervisor(tmp_path) as supervisor:
            supervisor.start("steady", ["sleep", "60"])
            supervisor.start("frail", ["sh", "-c", "echo cannot go on; exit 3"])
            with pytest.raises(ChildDied, match=r"frail exited with 3(.|\n)*cannot go on"):
                supervisor.watch()

    def test_does_not_wait_for_ever(self, tmp_path: Path) -> None:
        with Supervisor(tmp_path) as supervisor:
            supervisor.start("steady", ["sleep", "60"])
            with pytest.raises(LaunchError, match="in vain for the moon"):
                supervisor.wait_until(lambda: False, timeout=0.1, what="the moon")

    def test_copies_warnings_alone_to_the_console(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        console = io.StringIO()
        monkeypatch.setattr(sys, "stderr", console)
        lines = (
            r"INFO started\nERROR broken\n  detail\nINFO going on\nplain\nTraceback (most\nX: y\n"
        )
        wanted = "web | ERROR broken\nweb |   detail\nweb | Traceback (most\nweb | X: y\n"
        with Supervisor(tmp_path) as supervisor:
            supervisor.start("web", ["sh", "-c", f"printf '{lines}'; sleep 60"], echo=True)
            wait_for(lambda: console.getvalue() == wanted, 5)
        assert console.getvalue() == wanted


class TestPostgres:
    def test_sees_that_a_pid_file_is_stale(self, tmp_path: Path) -> None:
        ended = subprocess.Popen(["true"])
        ended.wait()
        for pid in (ended.pid, os.getpid()):  # Nobody's by now; somebody else's by now.
            file = tmp_path / "postmaster.pid"
            file.write_text(f"{pid}\n{tmp_path}\n1\n5432\n\n127.0.0.1\n1 2\nready   \n")
            postgres.clear_stale_pid(tmp_path)
            assert not file.exists()

    def test_needs_its_own_pid_port_and_status_to_be_ready(self, tmp_path: Path) -> None:
        file = tmp_path / "postmaster.pid"
        assert not postgres.is_ready(tmp_path, 41, 5432)
        file.write_text(f"41\n{tmp_path}\n1\n5432\n\n127.0.0.1\n1 2\nready   \n")
        assert postgres.is_ready(tmp_path, 41, 5432)
        assert not postgres.is_ready(tmp_path, 42, 5432)
        assert not postgres.is_ready(tmp_path, 41, 5433)
        file.write_text(f"41\n{tmp_path}\n1\n5432\n\n127.0.0.1\n1 2\nstarting\n")
        assert not postgres.is_ready(tmp_path, 41, 5432)

    def test_refuses_to_start_twice_on_the_same_data(self, checkout: Path, tmp_path: Path) -> None:
        passwords = Passwords("one", "two")
        wanted = checkout / ".local" / "postgres"
        with Supervisor(tmp_path) as supervisor:
            cluster = postgres.locate(checkout, wanted, durable=False)
            port = postgres.start(supervisor, cluster, passwords)
            assert select_one(postgres.url(port, "two")) == ("qrcheckin", 1)
            with pytest.raises(LaunchError, match="already running"):
                postgres.start(supervisor, cluster, passwords)

    def test_takes_another_port_when_its_own_is_taken(self, checkout: Path, tmp_path: Path) -> None:
        wanted = checkout / ".local" / "postgres"
        with Supervisor(tmp_path) as supervisor, socket.create_server(("127.0.0.1", 0)) as other:
            taken = other.getsockname()[1]
            cluster = postgres.locate(checkout, wanted, durable=False)
            port = postgres.start(supervisor, cluster, Passwords("one", "two"), taken)
            assert port != taken
            assert select_one(postgres.url(port, "two")) == ("qrcheckin", 1)

    @as_root
    def test_runs_from_a_copy_where_its_account_cannot_go(
        self, checkout: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        package = postgres._package()
        private = checkout / "site-packages" / package.name
        shutil.copytree(package / "pginstall", private / "pginstall", symlinks=True)
        libraries = package.with_name(f"{package.name}.libs")
        if libraries.is_dir():
            shutil.copytree(libraries, private.with_name(libraries.name))
        monkeypatch.setattr(postgres, "_package", lambda: private)

        with throwaway_stack(checkout, ignore) as stack:
            assert select_one(stack.env["DATABASE_URL"]) == ("qrcheckin", 1)
            home = postgres.fallback_home(checkout, create=False)
            (cluster,) = home.glob(".local-tmp-*")
            assert stat.S_IMODE((cluster / "data").stat().st_mode) == 0o700
            assert (cluster / "data").stat().st_uid != 0
            assert stat.S_IMODE(home.stat().st_mode) == 0o755
            assert stat.S_IMODE(checkout.stat().st_mode) == 0o700
        assert not list(home.glob(".local-tmp-*"))
        assert len(list(home.glob("embedded-postgres-*"))) == 1

    @as_root
    def test_refuses_a_folder_that_somebody_else_has_planted(self, checkout: Path) -> None:
        home = postgres.fallback_home(checkout, create=False)
        home.mkdir()
        os.chown(home, 65534, 65534)
        with (
            pytest.raises(LaunchError, match="made by somebody else"),
            throwaway_stack(checkout, ignore),
        ):
            pass


class TestValkey:
    def test_keeps_strangers_out(self, tmp_path: Path) -> None:
        with Supervisor(tmp_path) as supervisor:
            port = valkey.start(supervisor, tmp_path / "valkey", "secret", durable=False)
            assert valkey.answers(port, "secret")
            assert not valkey.answers(port, "guess")


class TestThrowawayStack:
    def test_runs_beside_another_and_leaves_nothing(self, checkout: Path) -> None:
        environments: list[dict[str, str]] = []
        meeting = threading.Barrier(2, timeout=60)

        def run() -> None:
            with throwaway_stack(checkout, ignore) as stack:
                environments.append(stack.env)
                meeting.wait()
                assert select_one(stack.env["DATABASE_URL"]) == ("qrcheckin", 1)
                meeting.wait()

        other = threading.Thread(target=run)
        other.start()
        try:
            run()
        finally:
            other.join()
        one, two = environments
        for name in ("DATABASE_URL", "REDIS_URL", "SECRET_KEY", "JWT_KEYS", "MASTER_KEYS"):
            assert one[name] != two[name]
        assert not list((checkout / ".local" / "tmp").iterdir())
        assert not commands_mentioning(str(checkout))

    def test_uses_nothing_that_is_given(
        self, checkout: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        given = {name: str(checkout / "given") for name in (*PROVIDED, *CHOSEN, "PGAPPNAME")}
        for name, value in given.items():
            monkeypatch.setenv(name, value)
        with throwaway_stack(checkout, ignore) as stack:
            assert not set(given.values()) & set(stack.env.values())
            assert set(stack.env) >= set(PROVIDED)
            assert select_one(stack.env["DATABASE_URL"]) == ("qrcheckin", 1)
            with Redis.from_url(stack.env["REDIS_URL"]) as client:
                assert client.ping()

    def test_is_told_from_any_other(self, checkout: Path) -> None:
        with throwaway_stack(checkout, ignore) as stack:
            assert is_throwaway(stack.env)
            for name in ("DATABASE_URL", "REDIS_URL", THROWAWAY):
                without = {key: value for key, value in stack.env.items() if key != name}
                assert not is_throwaway(without)
                assert not is_throwaway({**stack.env, name: "elsewhere"})
        assert not is_throwaway({})

    def test_clears_up_after_a_run_that_was_killed(self, checkout: Path) -> None:
        dead = checkout / ".local" / "tmp" / "run-dead"
        alive = checkout / ".local" / "tmp" / "run-alive"
        for home in (dead, alive):
            (home / "valkey").mkdir(parents=True)
            (home / "lock").touch()
        lock = try_lock(alive / "lock")
        assert lock is not None
        try:
            with throwaway_stack(checkout, ignore):
                pass
            assert not dead.exists()
            assert alive.exists()
        finally:
            os.close(lock)


class TestKeptStack:
    def test_keeps_data_port_and_secrets(self, checkout: Path) -> None:
        def visit(statement: str) -> tuple[Stack, object]:
            with (
                kept_stack(checkout, ignore) as stack,
                psycopg.connect(stack.env["DATABASE_URL"], connect_timeout=5) as connection,
            ):
                cursor = connection.execute(statement)
                return stack, cursor.fetchone() if cursor.description else None

        first, _ = visit("CREATE TABLE kept AS SELECT 42 AS answer")
        second, row = visit("SELECT answer FROM kept")
        assert row == (42,)
        state = checkout / ".local" / "stack.json"
        assert stat.S_IMODE(state.stat().st_mode) == 0o600
        stored = json.loads(state.read_text())["env"]
        assert sorted(stored) == [
            *("DATABASE_URL", "JWT_KEYS", "MASTER_KEYS", "REDIS_URL", "SECRET_KEY")
        ]
        for name, value in stored.items():
            assert first.env[name] == second.env[name] == value

    def test_uses_what_is_given(self, checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        given = {"DATABASE_URL": "postgresql://elsewhere/db", "REDIS_URL": "redis://elsewhere/0"}
        for name, value in (given | {"SECRET_KEY": "given"}).items():
            monkeypatch.setenv(name, value)
        with kept_stack(checkout, ignore) as stack:
            assert stack.supervisor.children == []
            assert {name: stack.env[name] for name in given} == given
            assert stack.env["SECRET_KEY"] == "given"
            assert stack.env["JWT_KEYS"]

    def test_runs_once_a_checkout(self, checkout: Path) -> None:
        (checkout / ".local").mkdir()
        lock = try_lock(checkout / ".local" / "lock")
        assert lock is not None
        (checkout / ".local" / "lock").write_text(f"{os.getpid()}\n")
        with (
            pytest.raises(LaunchError, match=f"already running \\(pid {os.getpid()}\\)"),
            kept_stack(checkout, ignore),
        ):
            pass
        os.close(lock)


class TestSuite:
    """This very suite, started by hand against a Valkey that holds something of somebody's."""

    @pytest.fixture
    def address(self, tmp_path: Path) -> Iterator[str]:
        with Supervisor(tmp_path) as supervisor:
            port = valkey.start(supervisor, tmp_path / "valkey", "secret", durable=False)
            yield valkey.url(port, "secret")

    @pytest.mark.parametrize("guarded", [True, False])
    def test_refuses_services_that_are_not_its_own(self, address: str, guarded: bool) -> None:
        """Where it is told that they are its own, the first test empties them."""
        given = {"DATABASE_URL": "postgresql://elsewhere/db", "REDIS_URL": address}
        inherited = {k: v for k, v in os.environ.items() if k != "PYTEST_XDIST_WORKER"}
        if not guarded:
            given[THROWAWAY] = " ".join(given.values())
        with Redis.from_url(address) as client:
            client.set("precious", "thing")
            result = subprocess.run(
                [
                    *(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"),
                    "tests/platform_shared/kit/test_money.py",
                ],
                cwd=ROOT,
                env={**inherited, **given},
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
            )
            kept = client.get("precious")
        if guarded:
            assert (result.returncode, kept) == (pytest.ExitCode.USAGE_ERROR, b"thing")
            assert "make test" in result.stderr
        else:
            assert (result.returncode, kept) == (pytest.ExitCode.OK, None)


class TestCommandLine:
    def test_says_which_port_is_taken_and_what_to_do(self, checkout: Path) -> None:
        shutil.copytree(ROOT / "deploy", checkout / "deploy")
        with socket.create_server(("127.0.0.1", 0)) as other:
            port = other.getsockname()[1]
            result = subprocess.run(
                [sys.executable, "-m", "deploy.local", "demo"],
                cwd=checkout,
                env={**os.environ, "PORT": str(port)},
                capture_output=True,
                text=True,
                timeout=30,
                check=False,
            )
        assert result.returncode == 1
        assert f"port {port} on 127.0.0.1 is taken" in result.stderr
        assert "make demo" in result.stderr

    def test_passes_the_commands_status_on(self) -> None:
        code = "import os, sys; sys.exit(5 if os.environ['DATABASE_URL'] else 1)"
        result = subprocess.run(
            [sys.executable, "-m", "deploy.local", "run", "--", sys.executable, "-c", code],
            cwd=ROOT,
            timeout=60,
            check=False,
        )
        assert result.returncode == 5

    @pytest.mark.parametrize("how", ["the one who started it is killed", "interrupted", "ended"])
    def test_stops_everything(self, tmp_path: Path, how: str) -> None:
        file = tmp_path / "pids"
        # Stands for make: waits for the launcher, and may be killed.
        starter = "import subprocess, sys; sys.exit(subprocess.call(sys.argv[1:]))"
        code = (
            "import os, sys, time; draft = sys.argv[1] + '.draft';"
            "open(draft, 'w').write(f'{os.getpid()} {sys.argv[2]}'); os.rename(draft, sys.argv[1]);"
            "time.sleep(60)"
        )
        shell = f'exec "{sys.executable}" -W ignore -c "$0" "$1" "$LAUNCHER"'
        launch = [sys.executable, "-m", "deploy.local", "run", "--", "sh", "-c", shell, code, file]
        with started(
            *(sys.executable, "-c", starter, "sh", "-c", 'LAUNCHER=$$ exec "$@"', "sh", *launch),
            stderr=subprocess.DEVNULL,
        ) as process:
            command, launcher = pids_in(file)
            database = [*commands_under(launcher), launcher, command]
            assert len(database) > 5
            if how == "interrupted":
                os.kill(launcher, signal.SIGINT)
                assert process.wait(15) in {1, 130}
            elif how == "ended":
                os.kill(launcher, signal.SIGTERM)
                assert process.wait(30) == 143
            else:
                process.kill()
            assert gone(database, seconds=30)


def commands_under(pid: int) -> list[int]:
    """Return the pids of all descendants (Linux)."""
    parents = {}
    for file in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            parents[int(file.parent.name)] = int(file.read_text().rpartition(")")[2].split()[1])
    found = {pid}
    while more := {child for child, parent in parents.items() if parent in found} - found:
        found |= more
    return sorted(found - {pid})


def test_ports_are_seen_as_taken_on_either_loopback() -> None:
    port = ports.choose()
    assert ports.is_free(port)
    with socket.create_server(("127.0.0.1", port)):
        assert not ports.is_free(port)
        assert ports.choose(port) != port
    with contextlib.suppress(OSError), socket.create_server(("::1", port), family=socket.AF_INET6):
        assert not ports.is_free(port)


def test_a_process_without_children_has_adopted_none() -> None:
    code = "from deploy.local.leash import adopted_children; assert adopted_children() == []"
    assert callable(adopted_children)
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, timeout=30)
