"""The parts of the benchmark: each measures one thing and returns its figures."""

import json
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any
from uuid import uuid4

from django.db import transaction

from deploy.bench import fill, layers, numbering, pgbench
from deploy.bench.errors import Unfit
from deploy.bench.fill import FilledClub
from deploy.bench.script import pgbench_script
from deploy.bench.site import PASSWORD, ROOT, Host, Site, Web
from deploy.bench.tap import Recording, Statement, Tap
from platform_shared.accounts import services as account_services
from platform_shared.kit import clock
from platform_shared.kit.access import Role
from platform_shared.tenancy import binding, schema

type Figures = dict[str, Any]

# psycopg prepares what it has sent a few times; a door has.
WARM_SCANS = 12
WARM_READS = 5
LONGEST_MS = 8000
# How many scans a second are prepared for.
MOST_PER_SECOND = 2500.0
TALLY = """
    SELECT (SELECT count(*) FROM checkins_checkin WHERE lot_id IS NOT NULL),
           (SELECT count(*) FROM checkins_checkin WHERE result = 'accepted'),
           (SELECT count(*) FROM subscriptions_creditentry WHERE kind = 'check_in'),
           (SELECT sum(granted - remaining) FROM subscriptions_creditlot),
           (SELECT sum(used_credits) FROM subscriptions_subscription)
"""


@dataclass(frozen=True)
class Size:
    """How much is measured, and for how long."""

    customers: int
    year_customers: int
    visits: int
    connections: tuple[int, ...]
    seconds: float
    repeats: int
    clubs: int


FULL = Size(100_000, 20_000, 1_000_000, (1, 4, 16, 64), 6.0, 30, 3)
QUICK = Size(2_000, 500, 20_000, (1, 4), 1.0, 5, 0)


@dataclass
class Bench:
    """One run: its site, its sizes, and what parts have in common, made when first asked for."""

    site: Site
    size: Size

    @cached_property
    def door(self) -> FilledClub:
        """The club whose customers are scanned, listed and found."""
        say(f"filling a club with {self.size.customers:,} customers ...")
        return fill.make_club(self.site, "door", self.size.customers, clock.now())

    @cached_property
    def year(self) -> FilledClub:
        """The club with a year of visits."""
        say(f"filling a club with {self.size.visits:,} check-ins ...")
        club = fill.make_club(self.site, "year", self.size.year_customers, clock.now())
        fill.add_visits(self.site, club, self.size.visits, clock.now())
        return club

    @cached_property
    def recorded(self) -> tuple[Recording, Recording]:
        """Two accepted scans, as the web server sends them to PostgreSQL."""
        with self.tapped() as (tap, web):
            door = _door(web, self.door)
            slice_ = self.door.take(WARM_SCANS + 2)
            bodies = _bodies(self.door, slice_, 1)
            for body in bodies[:WARM_SCANS]:
                _scan(door, body)
            recordings = []
            for body in bodies[WARM_SCANS:]:
                with tap.recording() as recording:
                    _scan(door, body)
                recordings.append(recording)
        first, second = recordings
        return first, second

    @cached_property
    def script(self) -> Path:
        """The same transaction for pgbench."""
        path = self.site.home / "scan.pgbench"
        path.write_text(pgbench_script(*self.recorded))
        return path

    @contextmanager
    def tapped(self) -> Iterator[tuple[Tap, Web]]:
        """Run a web server of one thread, whose connection is listened in on."""
        with (
            Tap(self.site.database_port) as tap,
            self.site.web(workers=1, threads=1, database_port=tap.port) as web,
        ):
            yield tap, web


def say(text: str) -> None:
    """Tell whoever waits what is going on."""
    print(text, file=sys.stderr, flush=True)


# --- scans ------------------------------------------------------------------------------------


def scans(bench: Bench) -> Figures:
    """Measure scans and, right after each, pgbench, over the same numbers of connections."""
    rows: dict[str, Figures] = {}
    script = bench.script
    with bench.site.web() as web:
        door = _door(web, bench.door)
        _load(bench, door, connections=16, seconds=min(2.0, bench.size.seconds))
        for connections in bench.size.connections:
            say(f"scans over {connections} connections, then pgbench ...")
            ours = _load(bench, door, connections=connections, seconds=bench.size.seconds)
            theirs = _pgbench(bench, script, connections, "prepared")
            rows[str(connections)] = ours | {
                "pgbench_per_second": round(theirs.per_second, 1),
                "pgbench_mean_ms": round(theirs.mean_ms, 2),
                "ratio": round(ours["per_second"] / theirs.per_second, 3),
            }
        best = max(row["per_second"] for row in rows.values())
        say("scans at half of the best rate ...")
        half = _load(
            bench,
            door,
            connections=16,
            seconds=bench.size.seconds,
            rate=best / 2,
        )
        memory = _memory(web)  # of workers that have worked
    best_connections = max(rows, key=lambda n: rows[n]["pgbench_per_second"])
    extended = _pgbench(bench, script, int(best_connections), "extended")
    pgbench_best = max(extended.per_second, *(row["pgbench_per_second"] for row in rows.values()))
    return {
        "scan_ratio": round(best / pgbench_best, 3),
        "scans": {
            "best_per_second": best,
            "pgbench_best_per_second": round(pgbench_best, 1),
            "pgbench_unprepared_per_second": round(extended.per_second, 1),
            "connections": rows,
            "half_load": half,
        },
        "memory": memory,
    }


def servers(bench: Bench) -> Figures:
    """Measure scans over 16 connections with other numbers of workers and threads."""
    found = {}
    for workers in (1, 2, 3):
        for threads in (1, 2, 4, 8):
            with bench.site.web(workers=workers, threads=threads) as web:
                door = _door(web, bench.door)
                _load(bench, door, connections=16, seconds=min(2.0, bench.size.seconds))
                row = _load(bench, door, connections=16, seconds=bench.size.seconds)
            say(f"{workers} x {threads}: {row}")
            found[f"{workers}x{threads}"] = row
    return {"servers": found}


def round_trips(bench: Bench) -> Figures:
    """Count what a scan sends to PostgreSQL, where the bytes go by."""
    recording, _ = bench.recorded
    return {
        "round_trips": {
            "scan": len(recording.round_trips),
            "statements": len(recording.statements),
            "statements_by_trip": [len(trip) for trip in recording.round_trips],
        }
    }


def profile(bench: Bench) -> Figures:
    """Sample a worker that answers one door, and put the samples down to layers."""
    program = shutil.which("py-spy", path=str(Path(sys.executable).parent))
    if program is None:
        raise Unfit("py-spy is not installed")
    seconds = bench.size.seconds * 2
    with bench.site.web(workers=1, threads=1) as web:
        door = _door(web, bench.door)
        _load(bench, door, connections=1, seconds=1)
        plain = _load(bench, door, connections=1, seconds=bench.size.seconds)
    raw = bench.site.home / "profile.raw"
    spy = [program, "record", "--subprocesses", "--idle", "--nonblocking", "--rate", "200"]
    spy += ["--format", "raw", "--output", str(raw), "--"]
    with bench.site.web(workers=1, threads=1, wrap=spy) as web:
        door = _door(web, bench.door)
        watched = _load(bench, door, connections=1, seconds=seconds)
    if not raw.exists():
        raise Unfit("py-spy wrote nothing; may it look into its own children?")
    samples = layers.read(raw)
    inside = sum(samples.values()) / 200 / watched["scans"] * 1000
    between = max(1 - inside / watched["mean_ms"], 0.0)
    shares = {"HTTP server and client": between} | {
        layer: (1 - between) * number / samples.total() for layer, number in samples.most_common()
    }
    return {
        "profile": {
            "mean_ms": plain["mean_ms"],
            "watched_mean_ms": watched["mean_ms"],
            "samples": samples.total(),
            "layers": {
                layer: {
                    "share": round(share, 3),
                    "ms": round(share * plain["mean_ms"], 3),
                }
                for layer, share in sorted(shares.items(), key=lambda item: -item[1])
            },
        }
    }


def _door(web: Web, club: FilledClub) -> Host:
    """Return a client signed in as the staff at the door."""
    host = web.host(club.ref.slug)
    said = host.call("POST", "auth/token", 200, {"email": club.staff_email, "password": PASSWORD})
    return web.host(club.ref.slug, said["access"])


def _bodies(club: FilledClub, customers: numbering.Slice, client: int) -> list[dict[str, str]]:
    """Return one scan for each of the customers."""
    run = club.next_run()
    numbers = range(customers.first, customers.first + customers.count)
    return [
        {
            "scan_id": str(numbering.scan_uuid(run, client, index)),
            "code": code,
            "kind": "entry",
            "location": str(club.location_id),
        }
        for index, code in enumerate(fill.codes_of(club, list(numbers)))
    ]


def _scan(door: Host, body: dict[str, str]) -> None:
    said = door.call("POST", "door/scans", 201, body)
    if said["result"] != "accepted":
        raise Unfit(f"a scan was refused: {said}")


def _load(
    bench: Bench, door: Host, *, connections: int, seconds: float, rate: float | None = None
) -> Figures:
    """Have a process of its own scan for so long, and check that all of it was written."""
    club = bench.door
    wanted = int((rate or MOST_PER_SECOND) * seconds) + connections
    bodies = _bodies(club, club.take(wanted), 0)
    order = {
        "port": int(door.headers["Host"].rpartition(":")[2]),
        "head": door.request_head("POST", "door/scans"),
        "bodies": [json.dumps(body) for body in bodies],
        "connections": connections,
        "seconds": seconds,
        "rate": rate,
    }
    bench.site.settle()
    before = _tally(bench)
    done = subprocess.run(
        [sys.executable, "-m", "deploy.bench.load"],
        input=json.dumps(order),
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=seconds + 60,
        check=False,
    )
    if done.returncode != 0:
        raise Unfit(f"the load generator failed:\n{done.stderr[-2000:]}")
    result = json.loads(done.stdout)
    times = sorted(result["times"])
    if result["wrong"]:
        raise Unfit(f"{result['wrong']} of {len(times)} scans failed: {result['first_wrong']}")
    _require(bench, before, len(times), "scans")
    return {
        "scans": len(times),
        "per_second": round(len(times) / result["seconds"], 1),
        "mean_ms": round(statistics.fmean(times), 2),
        "p50_ms": round(_percentile(times, 50), 2),
        "p95_ms": round(_percentile(times, 95), 2),
        "p99_ms": round(_percentile(times, 99), 2),
        "generator_cpu_share": round(result["cpu_seconds"] / result["seconds"], 3),
    }


def _pgbench(bench: Bench, script: Path, connections: int, mode: str) -> pgbench.Result:
    bench.site.settle()
    before = _tally(bench)
    result = pgbench.run(
        script,
        url=bench.site.database_url,
        schema=bench.door.ref.schema_name,
        connections=connections,
        seconds=bench.size.seconds,
        mode=mode,
        run_number=bench.door.next_run(),
        customers=bench.door.take(bench.door.customers // 2),
    )
    _require(bench, before, result.transactions, "pgbench's transactions")
    return result


def _tally(bench: Bench) -> tuple[int, ...]:
    """Return charged and accepted check-ins, ledger lines, and what lots and counters lack."""
    with bench.site.superuser(bench.door.ref.schema_name) as connection:
        row = connection.execute(TALLY).fetchone()
        assert row is not None
        return tuple(int(value) for value in row)


def _require(bench: Bench, before: tuple[int, ...], expected: int, what: str) -> None:
    """Raises: Unfit unless each of so many scans left a check-in, a line and a credit less."""
    moved = tuple(a - b for a, b in zip(_tally(bench), before, strict=True))
    if set(moved) != {expected}:
        raise Unfit(f"{expected} {what} left (check-ins, accepted, lines, lots, counters) {moved}")


def _percentile(ordered: list[float], percent: int) -> float:
    return ordered[min(len(ordered) * percent // 100, len(ordered) - 1)]


def _memory(web: Web) -> Figures:
    """Return what each worker holds, in MiB; the proportional size shares out what is shared."""
    sizes: dict[str, list[float]] = {"rss_mib": [], "pss_mib": []}
    for pid in web.worker_pids():
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
        for name, key in (("Rss:", "rss_mib"), ("Pss:", "pss_mib")):
            (line,) = (line for line in rollup.splitlines() if line.startswith(name))
            sizes[key].append(round(int(line.split()[1]) / 1024, 1))
    return {"workers": len(sizes["rss_mib"])} | {
        key: max(values, default=0.0) for key, values in sizes.items()
    }


# --- the rest ---------------------------------------------------------------------------------


def provisioning(bench: Bench) -> Figures:
    """Measure making a club over the API next to its migrations alone."""
    say("provisioning clubs ...")
    root = "root@platform.test"
    with binding.platform():
        account_services.create_user(
            email=root, name="Root", role=Role.SYSTEM_ADMIN, password=PASSWORD, now=clock.now()
        )
    with bench.site.web() as web:
        platform = web.host("platform")
        said = platform.call("POST", "auth/token", 200, {"email": root, "password": PASSWORD})
        platform = web.host("platform", said["access"])
        times = [
            platform.timed(
                "POST",
                "clubs",
                201,
                {
                    "name": f"Provisioned {number}",
                    "slug": f"provisioned{number}",
                    "plan": "unlimited",
                    "time_zone": "Europe/Berlin",
                    "currency": "EUR",
                    "admin": {"email": "admin@provisioned.test", "password": PASSWORD},
                },
            )
            for number in range(bench.size.clubs + 1)
        ]
    # The first one loads what the others find loaded; migrations are given the same.
    api = statistics.median(times[1:] or times)
    alone = [_migrations(bench) for _ in times]
    migrations = statistics.median(alone[1:] or alone)
    return {
        "provisioning": {
            "api_ms": round(api, 1),
            "migrations_ms": round(migrations, 1),
            "ratio": round(migrations / api, 2),
        }
    }


def _migrations(bench: Bench) -> float:
    """Return how long it takes to migrate a new schema, in milliseconds."""
    club_id = uuid4()
    ref = replace(bench.door.ref, id=club_id, schema_name=schema.name_for(club_id))
    began = time.perf_counter()
    with binding.platform(), transaction.atomic():
        schema.create(ref)
    return (time.perf_counter() - began) * 1000


def lists(bench: Bench) -> Figures:
    """Measure lists of customers and searches in them, next to their SQL alone."""
    say("lists ...")
    requests: dict[str, dict[str, Any]] = {
        "first_page": {"page_size": 50},
        "search_word": {"page_size": 50, "search": "kado"},
        "search_two_words": {"page_size": 50, "search": "ka do"},
        "search_email": {"page_size": 50, "search": "member77@bench.test"},
    }
    club = bench.door
    return {
        "lists": _reads(
            bench, club, {name: ("customers", query) for name, query in requests.items()}
        )
    }


def overview(bench: Bench) -> Figures:
    """Measure a year's overview next to its SQL alone."""
    club = bench.year
    say("overview ...")
    today = clock.now().date()
    query = {"from": _text(today - timedelta(days=364)), "to": _text(today + timedelta(days=1))}
    return {"overview": _reads(bench, club, {"year": ("reports/overview", query)})["year"]}


def _text(day: date) -> str:
    return day.isoformat()


def _reads(
    bench: Bench, club: FilledClub, requests: dict[str, tuple[str, dict[str, Any]]]
) -> Figures:
    found = {}
    with bench.tapped() as (tap, web):
        desk = _door(web, club)
        recordings = {}
        for name, (path, query) in requests.items():
            for _ in range(WARM_READS):
                desk.call("GET", path, 200, **query)
            with tap.recording() as recordings[name]:
                desk.call("GET", path, 200, **query)
    with bench.site.web() as web:
        desk = _door(web, club)
        for name, (path, query) in requests.items():
            for _ in range(WARM_READS):
                desk.call("GET", path, 200, **query)
            times = sorted(desk.timed("GET", path, 200, **query) for _ in range(bench.size.repeats))
            statements = recordings[name].statements
            alone = _alone(bench, club, statements)
            found[name] = {
                "http_ms": round(statistics.median(times), 2),
                "p95_ms": round(_percentile(times, 95), 2),
                "sql_ms": round(alone, 2),
                "ratio": round(statistics.median(times) / alone, 2),
                "statements": len(statements),
            }
    return found


def _alone(bench: Bench, club: FilledClub, statements: list[Statement]) -> float:
    """Return how long a request's statements take by themselves, in milliseconds."""
    with bench.site.superuser(club.ref.schema_name) as raw:

        def once() -> float:
            began = time.perf_counter()
            for statement in statements:
                raw.execute(statement.sql.encode())
            return (time.perf_counter() - began) * 1000

        return statistics.median(_repeated(bench, once))


def _repeated(bench: Bench, once: Callable[[], float]) -> list[float]:
    """Return the times of as many repeats as are asked for, fewer when they are long."""
    times: list[float] = []
    while len(times) < bench.size.repeats and (len(times) < 3 or sum(times) < LONGEST_MS):
        times.append(once())
    return times


PARTS: dict[str, Callable[[Bench], Figures]] = {
    part.__name__: part
    for part in (round_trips, scans, profile, provisioning, lists, overview, servers)
}
# Takes as long as all others together, and is for choosing numbers, not for telling of them.
ON_REQUEST = ("servers",)
