"""``docs/api-changelog.md``, and the documents as they were released last."""

from collections.abc import Iterable
from datetime import date
from typing import Any

import yaml

from platform_shared.documents import changes, generated
from platform_shared.documents.changes import Change

RELEASED = "openapi/released"
CHANGELOG = "api-changelog.md"
UNRELEASED = "## Unreleased\n"


def released(host: str) -> dict[str, Any] | None:
    """Return the document of a kind of host as integrators have it; None before the first."""
    path = generated.DOCS / RELEASED / f"{host}.yaml"
    found: dict[str, Any] | None = yaml.safe_load(path.read_text()) if path.exists() else None
    return found


def since_release(documents: dict[str, dict[str, Any]]) -> list[Change]:
    """Return what changed since the last release in any of ``documents`` (by kind of host)."""
    found: set[Change] = set()
    for host, document in documents.items():
        before = released(host)
        if before is not None:
            found.update(changes.compare(before, document))
    return sorted(found)


def unreleased() -> str:
    """Return what the changelog says of what is not released yet."""
    text = (generated.DOCS / CHANGELOG).read_text()
    return text.partition(UNRELEASED)[2].partition("\n## ")[0]


def untold(found: Iterable[Change]) -> list[Change]:
    """Return the changes that no line under ``Unreleased`` quotes in backticks."""
    told = unreleased()
    return [change for change in found if f"`{change.name}`" not in told]


def released_text(version: str, day: date) -> str:
    """Return the changelog with what was unreleased under a version's own heading."""
    text = (generated.DOCS / CHANGELOG).read_text()
    before, _, rest = text.partition(UNRELEASED)
    return f"{before}{UNRELEASED}\n## {version} ({day.isoformat()})\n{rest}"
