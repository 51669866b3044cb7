"""Running schemathesis against a live server."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from deploy.local import ports

PHASES = "examples,coverage,fuzzing,stateful"
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
)
SECONDS = 900


@dataclass(frozen=True)
class Caller:
    """Whom the requests come from: a host, and a token or nobody's."""

    port: int
    host: str
    access: str | None = None


@dataclass(frozen=True)
class Outcome:
    """How many requests were made, and what was wrong with their answers."""

    cases: int
    failures: list[str]
    output: str


def unmeasured() -> dict[str, str]:
    """Return this process's environment without what has a child's lines counted.

    Thousands of requests find nothing there that the rest of the suite has not, in twice the time.
    """
    return {name: v for name, v in os.environ.items() if not name.startswith("COVERAGE_")}


def run(
    document: Path,
    caller: Caller,
    folder: Path,
    *,
    each: int,
    ids: Mapping[str, UUID],
    only: str | None = None,
) -> Outcome:
    """Try every operation of ``document`` in all phases, or the one called ``only``.

    Args:
        each: how many random requests an operation gets; the other phases have as many as it
            takes.
        ids: what the parameters of paths name, so that there is something behind them.
    """
    report = folder / "report.json"
    config = ["[parameters]", *(f'"path.{name}" = "{value}"' for name, value in ids.items())]
    (folder / "schemathesis.toml").write_text("\n".join(config))
    headers = [f"Host:{caller.host}"]
    if caller.access is not None:
        headers.append(f"Authorization:Bearer {caller.access}")
    command = [
        *(sys.executable, "-m", "schemathesis.cli", "run", str(document)),
        *("--url", f"http://{ports.LOOPBACK}:{caller.port}"),
        *(part for header in headers for part in ("--header", header)),
        *("--checks", ",".join(CHECKS), "--phases", PHASES, "--max-examples", str(each)),
        *("--seed", "1", "--no-shrink", "--continue-on-failure", "--workers", "2"),
        *("--suppress-health-check", "all", "--request-timeout", "60"),
        *(("--include-operation-id", only) if only else ()),
        *("--report", "json", "--report-json-path", str(report)),
    ]
    done = subprocess.run(
        command,
        cwd=folder,
        env={**unmeasured(), "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    found = json.loads(report.read_text()) if report.exists() else {}
    if not found.get("complete"):
        raise RuntimeError(f"schemathesis gave up: {done.stdout}{done.stderr}")
    return Outcome(
        cases=found["test_cases"]["generated"],
        failures=[
            f"{failure['title']}: {operation}"
            for failure in (*found["failures"], *found["errors"])
            for operation in failure.get("operations", ["?"])
        ],
        output=done.stdout,
    )
