"""The benchmark runs, checks what it measured, and says every figure that is documented."""

import json
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from deploy.bench import measures, report
from deploy.bench.errors import Unfit

ROOT = Path(__file__).resolve().parents[3]
DOCUMENT = ROOT / "docs" / "operations" / "performance.md"
# What there is for each number of connections and for each layer is documented once.
EACH = (
    (r"^scans\.connections\.\d+\.", "scans.connections.N."),
    (r"^(profile\.layers\.)[^.]+\.", r"\1L."),
)


def documented() -> set[str]:
    """Return the keys of the table in the document."""
    text = DOCUMENT.read_text()
    return set(re.findall(r"^\| `([\w.]+)` \|", text, re.MULTILINE))


@pytest.mark.skipif(sys.platform != "linux", reason="memory and profile are read on Linux alone")
def test_writes_every_key_that_is_documented_and_no_other(tmp_path: Path) -> None:
    output = tmp_path / "bench.json"
    done = subprocess.run(
        [sys.executable, "-m", "deploy.local", "bench", "--", "--quick", "--output", output],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    figures: dict[str, Any] = json.loads(output.read_text())
    keys = set()
    for key in report.flattened(figures):
        for pattern, name in EACH:
            key = re.sub(pattern, name, key)
        keys.add(key)
    assert keys == documented()
    assert figures["quick"] is True
    assert figures["round_trips"]["scan"] == 3
    assert 0 < figures["scan_ratio"] < 2
    assert f"**{figures['scan_ratio'] * 100:.0f} %**" in done.stdout


class TestRequire:
    """Figures of scans that did not all leave their rows are refused."""

    @pytest.fixture
    def bench(self) -> Any:
        return SimpleNamespace(rows=[(0, 0, 0, 0, 0), (5, 5, 5, 5, 5)])

    @pytest.fixture(autouse=True)
    def _tally(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(measures, "_tally", lambda bench: bench.rows[1])

    def test_lets_pass_what_adds_up(self, bench: Any) -> None:
        measures._require(bench, bench.rows[0], 5, "scans")

    @pytest.mark.parametrize("missing", range(5))
    def test_refuses_what_left_less_anywhere(self, bench: Any, missing: int) -> None:
        bench.rows[1] = tuple(4 if n == missing else 5 for n in range(5))
        with pytest.raises(Unfit, match="5 scans left"):
            measures._require(bench, bench.rows[0], 5, "scans")

    def test_refuses_what_was_never_written(self, bench: Any) -> None:
        with pytest.raises(Unfit):
            measures._require(bench, bench.rows[0], 6, "scans")
