"""``pytest tests/query_counts --update-query-counts`` writes the baseline anew, on purpose."""

from typing import Any

import pytest

from tests.permissions import scene
from tests.permissions.scene import Committing, Scene
from tests.support.world import ClubWorld


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-query-counts", action="store_true", help="Rewrite baseline.json.")


@pytest.fixture
def committing(django_capture_on_commit_callbacks: Any) -> Committing:
    return lambda: django_capture_on_commit_callbacks(execute=True)


@pytest.fixture
def scenes(club_a: ClubWorld, club_b: ClubWorld, committing: Committing) -> dict[str, Scene]:
    """Both kinds of hosts, by the names that the table has for them."""
    return {
        "club": scene.at_club(club_a, club_b, committing),
        "platform": scene.at_platform(club_a, club_b, committing),
    }
