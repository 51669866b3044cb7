"""What integrators rely on does not break without a word."""

import io
from pathlib import Path

import pytest
import yaml
from django.core.management import CommandError, call_command

from platform_shared.documents import changelog, generated
from platform_shared.documents.changes import Change
from platform_shared.documents.management.commands import check_api_changes
from platform_shared.documents.management.commands.export_openapi import HOSTS, document

HEAD = "# Changes\n\n## Unreleased\n"


@pytest.fixture
def docs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of documents with an empty changelog."""
    monkeypatch.setattr(generated, "DOCS", tmp_path)
    (tmp_path / changelog.CHANGELOG).write_text(HEAD)
    return tmp_path


def release(docs: Path) -> None:
    call_command("release_api_documents", stdout=io.StringIO())


def check() -> str:
    output = io.StringIO()
    call_command("check_api_changes", stdout=output)
    return output.getvalue()


def had_more(docs: Path) -> None:
    """Have the released document promise more than the code does, and know less."""
    path = docs / changelog.RELEASED / "club.yaml"
    told = yaml.safe_load(path.read_text())
    schemas = told["components"]["schemas"]
    schemas["ApiKey"]["properties"]["colour"] = {"type": "string"}
    told["paths"].pop("/api/v1/door/occupancy")
    path.write_text(yaml.safe_dump(told))


def say(docs: Path, *lines: str) -> None:
    (docs / changelog.CHANGELOG).write_text(HEAD + "".join(f"- {line}\n" for line in lines))


GONE = [f"`{name}ApiKey 200.colour: removed`" for name in ("revoke", "rename", "get")]
GONE += ["`listApiKeys 200.results[].colour: removed`"]


class TestCheckApiChanges:
    def test_has_nothing_to_say_before_the_first_release(self, docs: Path) -> None:
        assert check() == "0 changes of the API since its release\n"

    def test_has_nothing_to_say_of_what_is_as_released(self, docs: Path) -> None:
        release(docs)
        assert check() == "0 changes of the API since its release\n"

    def test_refuses_what_breaks_until_the_changelog_names_it(
        self, docs: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        release(docs)
        had_more(docs)
        say(docs, *GONE[1:])
        with pytest.raises(CommandError) as refused:
            check()
        assert f"- breaking: {GONE[0]}" in str(refused.value)
        assert GONE[1] not in str(refused.value)
        assert "getOccupancy" not in str(refused.value)
        say(docs, *GONE)
        assert check() == "5 changes of the API since its release\n"
        say(docs)
        monkeypatch.setattr(check_api_changes.changelog, "untold", lambda found: [])
        assert check()  # negative control

    def test_does_not_take_an_older_release_for_the_next_one(self, docs: Path) -> None:
        (docs / changelog.CHANGELOG).write_text(
            f"{HEAD}\n## 0.9.0 (2026-01-01)\n\n- `a: removed`\n"
        )
        assert changelog.untold([Change("a: removed", True)]) == [Change("a: removed", True)]


class TestReleaseApiDocuments:
    def test_takes_the_documents_and_dates_the_changelog(self, docs: Path) -> None:
        say(docs, "The first one.")
        release(docs)
        for host, urlconf in HOSTS.items():
            assert changelog.released(host) == document(urlconf)
        text = (docs / changelog.CHANGELOG).read_text()
        assert text.startswith(f"{HEAD}\n## 1.0.0 (20")
        assert text.endswith(")\n- The first one.\n")
        assert changelog.unreleased().strip() == ""

    def test_is_made_once(self, docs: Path) -> None:
        release(docs)
        with pytest.raises(CommandError, match=r"1\.0\.0 is released"):
            release(docs)

    def test_wants_a_line_for_whatever_changed(
        self, docs: Path, settings: object, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        release(docs)
        had_more(docs)
        say(docs, *GONE)
        with pytest.raises(CommandError, match="- `getOccupancy: added`"):
            release(docs)
        say(docs, *GONE, "`getOccupancy: added`")
        release(docs)
        assert check() == "0 changes of the API since its release\n"
