"""What docs/integrators.md tells to type does what it says."""

import io
import json
import os
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import zxingcpp
from PIL import Image

from deploy.clients import making, python, typescript
from tests.clients.conftest import Tools, run

GUIDE = (making.ROOT / "docs" / "integrators.md").read_text()


def blocks(*languages: str) -> list[str]:
    """Return the guide's blocks of code in these languages, in order."""
    found = re.findall(r"^```(\w+)\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)
    return [text for language, text in found if language in languages]


def answers_in(text: str) -> Iterator[dict[str, Any]]:
    """Yield the objects of JSON in what was printed, between whatever else there is."""
    decoder, at = json.JSONDecoder(), text.find("{")
    while at >= 0:
        try:
            found, end = decoder.raw_decode(text, at)
        except json.JSONDecodeError:
            end = at + 1
        else:
            yield found
        at = text.find("{", end)


@pytest.fixture
def desk(tools: Tools, tmp_path: Path) -> Path:
    """A folder with the guide's programs, in which its `console` blocks have been typed."""
    for text in blocks("python", "ts"):
        named = re.match(r"(?:#|//) (\S+)\n", text)
        assert named is not None, text
        (tmp_path / named[1]).write_text(text)
    (tmp_path / "node_modules").symlink_to(tools.typescript / "node_modules")
    bin_ = tmp_path / "bin"
    bin_.mkdir()
    (bin_ / "node").symlink_to(tools.node)
    (bin_ / "ruff").symlink_to(Path(sys.executable).with_name("ruff"))
    # Not by the scripts of these names: those break when a checkout is moved.
    for name, command in {
        "python3": f'{sys.executable} "$@"',
        "openapi-python-client": f'{sys.executable} -m openapi_python_client "$@"',
        "npx": 'sh -c \'name=$1; shift; node "node_modules/.bin/$name" "$@"\' npx "$@"',
    }.items():
        (bin_ / name).write_text(f"#!/bin/sh\nexec {command}\n")
        (bin_ / name).chmod(0o755)
    return tmp_path


class TestGuide:
    @pytest.mark.skipif(shutil.which("curl") is None, reason="the guide's first part is for curl")
    def test_does_what_it_says(self, desk: Path, club_env: dict[str, str]) -> None:
        script = "\n".join(["set -euo pipefail", *blocks("sh")])
        env = {**club_env, "PATH": f"{desk / 'bin'}{os.pathsep}{os.environ['PATH']}"}
        done = run(["bash", "-c", script], cwd=desk, env=env)
        assert done.returncode == 0, done.stdout + done.stderr
        said = done.stdout
        first, again, out = (each for each in answers_in(said) if "scan_id" in each)
        assert (first["result"], first["reason"]) == ("accepted", "ok")
        assert first["subscription"]["credits_left"] == 9
        assert again == first
        assert out["kind"] == "exit"
        assert '"code":"unknown_field"' in said
        assert said.count('"tags":["tags"]') == 1
        assert '"code":"precondition_failed"' in said
        assert '"type":"check_in"' in said  # the feed has told of it
        assert "Python: welcome, Ada Sample" in said
        assert "Python: [('name', 'blank')]" in said
        assert "TypeScript: welcome, Ada Sample with image/png" in said
        assert "TypeScript: [ 'name: blank' ]" in said
        (read,) = zxingcpp.read_barcodes(Image.open(io.BytesIO((desk / "code.png").read_bytes())))
        assert read.text.startswith("QC1:")
        strict = ["-m", "mypy", "--strict", "--cache-dir", os.devnull, "first_scan.py"]
        checked = run([sys.executable, *strict], cwd=desk)
        assert checked.returncode == 0, checked.stdout

    def test_shows_answers_with_the_members_that_the_document_has(self) -> None:
        scan, problem = (json.loads(text) for text in blocks("json"))
        components = making.DOCUMENTS["club"].read_text()
        for member in (*scan, *problem, *problem["errors"][0]):
            assert f"\n        {member}:\n" in components, member

    def test_installs_what_is_tested(self) -> None:
        installed = dict(re.findall(r"([\w-]+)(?:==|@)([\d.]+)", "".join(blocks("console"))))
        declared = json.loads((typescript.PROJECT / "package.json").read_text())
        versions = {**declared["dependencies"], **declared["devDependencies"]}
        pins = (making.ROOT / "deploy" / "requirements" / "clients.txt").read_text()
        assert f"openapi-python-client=={installed.pop('openapi-python-client')} " in pins
        assert installed == {name: versions[name] for name in installed}
        assert len(installed) == 3

    def test_configures_the_generator_as_we_do(self) -> None:
        ours = "".join(
            line for line in python.CONFIG.read_text().splitlines(True) if not line.startswith("#")
        )
        assert ours in "".join(blocks("sh"))
