"""The figures as Markdown, as docs/operations/performance.md shows them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

READ = ("http_ms", "p95_ms", "sql_ms", "ratio", "statements")

type Figures = Mapping[str, Any]


def markdown(figures: Figures) -> str:
    """Return a table for each part that was measured."""
    parts = {
        "scans": _scans,
        "round_trips": _round_trips,
        "profile": _profile,
        "provisioning": _provisioning,
        "lists": _reads,
        "overview": lambda all_: _reads({"lists": {"a year's overview": all_["overview"]}}),
        "memory": _memory,
        "servers": _servers,
    }
    machine = figures["machine"]
    about = (
        f"{machine['cores']} cores, Python {machine['python']}, PostgreSQL {machine['postgres']}, "
        f"load {machine['load_before']} before; {figures['seconds']} s."
    )
    shown = [show(figures) for part, show in parts.items() if part in figures]
    return "\n\n".join([about, *shown]) + "\n"


def flattened(figures: Figures, prefix: str = "") -> dict[str, Any]:
    """Return the figures under dotted names."""
    flat: dict[str, Any] = {}
    for key, value in figures.items():
        if isinstance(value, Mapping):
            flat |= flattened(value, f"{prefix}{key}.")
        else:
            flat[f"{prefix}{key}"] = value
    return flat


def _table(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    lines = [head, ["---"] + ["---:"] * (len(head) - 1), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def _percent(share: float) -> str:
    return f"{share * 100:.0f} %"


def _scans(figures: Figures) -> str:
    scans = figures["scans"]
    rows = [
        [
            connections,
            *(row["per_second"], row["p50_ms"], row["p95_ms"], row["p99_ms"]),
            *(row["pgbench_per_second"], _percent(row["ratio"])),
            _percent(row["generator_cpu_share"]),
        ]
        for connections, row in scans["connections"].items()
    ]
    half = scans["half_load"]
    share = _percent(half["generator_cpu_share"])
    times = (half["p50_ms"], half["p95_ms"], half["p99_ms"])
    rows.append(["half of the best rate", half["per_second"], *times, "", "", share])
    head = ["connections", "scans/s", "p50 ms", "p95 ms", "p99 ms"]
    head += ["pgbench/s", "ratio", "generator's CPU"]
    return (
        _table(head, rows)
        + f"\n\nBest against best: {scans['best_per_second']} of {scans['pgbench_best_per_second']}"
        f" a second, **{_percent(figures['scan_ratio'])}**."
    )


def _round_trips(figures: Figures) -> str:
    trips = figures["round_trips"]
    return _table(
        ["a scan", ""],
        [
            ["round trips", trips["scan"]],
            ["statements", trips["statements"]],
            ["statements in each", " + ".join(map(str, trips["statements_by_trip"]))],
        ],
    )


def _profile(figures: Figures) -> str:
    profile = figures["profile"]
    rows = [
        [layer, _percent(row["share"]), f"{row['ms']:.2f}"]
        for layer, row in profile["layers"].items()
    ]
    rows.append(["**all of it**", "100 %", profile["mean_ms"]])
    return _table(["layer", "share", "ms of a scan"], rows)


def _provisioning(figures: Figures) -> str:
    made = figures["provisioning"]
    return _table(
        ["a new club", ""],
        [
            ["over the API, ms", made["api_ms"]],
            ["its migrations, ms", made["migrations_ms"]],
            ["times faster", made["ratio"]],
        ],
    )


def _reads(figures: Figures) -> str:
    return _table(
        ["read", "HTTP ms", "p95 ms", "SQL alone ms", "times", "statements"],
        [
            [name.replace("_", " "), *(row[key] for key in READ)]
            for name, row in figures["lists"].items()
        ],
    )


def _memory(figures: Figures) -> str:
    memory = figures["memory"]
    return _table(
        ["a worker after the scans", "MiB"],
        [["resident (RSS)", memory["rss_mib"]], ["its share (PSS)", memory["pss_mib"]]],
    )


def _servers(figures: Figures) -> str:
    return _table(
        ["workers × threads", "scans/s", "p50 ms", "p99 ms"],
        [
            [name.replace("x", " × "), row["per_second"], row["p50_ms"], row["p99_ms"]]
            for name, row in figures["servers"].items()
        ],
    )
