"""The TypeScript client is typed throughout, and walks the main path."""

import base64
import io
import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import zxingcpp
from PIL import Image

from deploy.clients import typescript
from tests.clients.conftest import Tools, run

PROGRAMS = Path(__file__).with_name("typescript")
WRONG = """
import createClient from "openapi-fetch";
import type { paths } from "../api/club.ts";

const club = createClient<paths>({ baseUrl: "http://club.test" });
await club.POST("/api/v1/customers", { body: { nickname: "A" } });
const { data } = await club.GET("/api/v1/customers");
console.log(data.results);
"""


@pytest.fixture(autouse=True, scope="module")
def programs(tools: Tools) -> Path:
    """Our programs, beside the packages and types that they import."""
    folder = tools.typescript / "programs"
    shutil.rmtree(folder, ignore_errors=True)
    return Path(shutil.copytree(PROGRAMS, folder))


class TestTypes:
    def test_hold_for_the_client_and_for_the_program_that_uses_it(self, tools: Tools) -> None:
        done = tools.tsc("--project", ".")
        assert done.returncode == 0, done.stdout

    @pytest.fixture
    def wrong(self, programs: Path) -> Iterator[Path]:
        program = programs / "wrong.ts"
        program.write_text(WRONG)
        yield program
        program.unlink()

    @pytest.mark.usefixtures("wrong")
    def test_tell_of_mistakes(self, tools: Tools) -> None:
        done = tools.tsc("--project", ".")
        assert done.returncode == 2, done.stdout
        found = re.findall(r"^programs/(\S+)\(\d+,\d+\): error (\w+)", done.stdout, re.MULTILINE)
        # A field that customers do not have; and whether there is an answer was not asked.
        assert found == [("wrong.ts", "TS2353"), ("wrong.ts", "TS18048")], done.stdout


class TestMainPath:
    def test_is_walked(self, tools: Tools, club_env: dict[str, str]) -> None:
        done = run([str(tools.node), "programs/main_path.ts"], cwd=tools.typescript, env=club_env)
        assert done.returncode == 0, done.stderr
        found = json.loads(done.stdout)
        picture = Image.open(io.BytesIO(base64.b64decode(found["png"])))
        (read,) = zxingcpp.read_barcodes(picture)
        assert read.text == found["code"]
        assert found["svg"] in ("<?xml", "<svg ")
        assert found["reasons"] == ["already_inside", "ok", "no_credits", "unknown_code"]
        assert found["visits"] == 2
        assert found["mistakes"] == ["nickname: unknown_field", "name: required"]


class TestPackages:
    def test_are_pinned_and_name_no_registry(self) -> None:
        lock = (typescript.PROJECT / "package-lock.json").read_text()
        assert '"resolved"' not in lock
        declared = json.loads((typescript.PROJECT / "package.json").read_text())
        versions = {**declared["dependencies"], **declared["devDependencies"]}
        assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in versions.values())
        packages = json.loads(lock)["packages"]
        assert all("integrity" in package for name, package in packages.items() if name)
