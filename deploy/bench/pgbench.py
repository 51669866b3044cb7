"""Run pgbench, and read what it says."""

import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from deploy.bench.errors import Unfit
from deploy.bench.numbering import Slice
from deploy.local import postgres

SLACK_SECONDS = 60.0


@dataclass(frozen=True)
class Result:
    """What pgbench reached; the connections' making left out."""

    per_second: float
    transactions: int
    mean_ms: float


def run(
    script: Path,
    *,
    url: str,
    schema: str,
    connections: int,
    seconds: float,
    mode: str,
    run_number: int,
    customers: Slice,
) -> Result:
    """Run the script for so many seconds over so many connections.

    Raises:
        Unfit: a transaction failed.
    """
    variables = {
        "i": 0,
        "run": run_number,
        "first": customers.first,
        "count": customers.count,
        "share": max(customers.count // connections, 1),
    }
    command = [
        *(str(postgres.program("pgbench")), "--no-vacuum", "--protocol", mode),
        *("--client", str(connections), "--jobs", str(min(connections, os.cpu_count() or 1))),
        *("--time", str(max(round(seconds), 1)), "--file", str(script)),
        *(word for k, v in variables.items() for word in ("--define", f"{k}={v}")),
        url,
    ]
    done = subprocess.run(
        command,
        env={**os.environ, "PGOPTIONS": f"-c search_path={schema},public"},
        capture_output=True,
        text=True,
        timeout=seconds + SLACK_SECONDS,
        check=False,
    )
    if done.returncode != 0 or "number of failed transactions: 0 " not in done.stdout:
        raise Unfit(f"pgbench failed:\n{done.stderr[-3000:]}\n{done.stdout}")
    return Result(
        per_second=_figure(r"tps = ([\d.]+) \(without", done.stdout),
        transactions=int(_figure(r"actually processed: (\d+)", done.stdout)),
        mean_ms=_figure(r"latency average = ([\d.]+) ms", done.stdout),
    )


def _figure(pattern: str, text: str) -> float:
    found = re.search(pattern, text)
    if found is None:
        raise Unfit(f"pgbench says nothing of {pattern}:\n{text}")
    return float(found[1])
