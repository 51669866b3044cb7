"""Generated files are written by one command, and checked by it."""

import io
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from platform_shared.documents import generated
from platform_shared.documents.generated import GenerateCommand


class Greeting(GenerateCommand):
    def render(self) -> dict[str, str]:
        return {"greetings/hello.md": "hello\n", "bye.md": "bye\n"}


@pytest.fixture
def docs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(generated, "DOCS", tmp_path / "docs")
    return tmp_path / "docs"


class TestGenerateCommand:
    def test_writes_what_is_missing_or_has_drifted(self, docs: Path) -> None:
        docs.mkdir()
        (docs / "bye.md").write_text("bye\n")
        output = io.StringIO()
        call_command(Greeting(), stdout=output)
        assert (docs / "greetings" / "hello.md").read_text() == "hello\n"
        assert output.getvalue() == "wrote docs/greetings/hello.md\n"
        (docs / "bye.md").write_text("drifted\n")
        call_command(Greeting(), stdout=output)
        assert (docs / "bye.md").read_text() == "bye\n"

    def test_only_names_it_when_asked_to_check(self, docs: Path) -> None:
        with pytest.raises(CommandError, match=r"out of date: greetings/hello\.md, bye\.md; run"):
            call_command(Greeting(), "--check")
        assert not docs.exists()

    def test_is_content_with_what_is_right(self, docs: Path) -> None:
        call_command(Greeting(), stdout=io.StringIO())
        output = io.StringIO()
        call_command(Greeting(), "--check", stdout=output)
        assert output.getvalue() == ""
