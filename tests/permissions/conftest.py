"""The scenes that the tables are held against."""

from typing import Any

import pytest

from tests.permissions import scene
from tests.permissions.scene import Committing, Scene
from tests.support.world import ClubWorld


@pytest.fixture
def committing(django_capture_on_commit_callbacks: Any) -> Committing:
    """Run what waits for a commit at the end of the block: a rolled back test has none."""
    return lambda: django_capture_on_commit_callbacks(execute=True)


@pytest.fixture
def club_scene(club_a: ClubWorld, club_b: ClubWorld, committing: Committing) -> Scene:
    return scene.at_club(club_a, club_b, committing)


@pytest.fixture
def platform_scene(club_a: ClubWorld, club_b: ClubWorld, committing: Committing) -> Scene:
    return scene.at_platform(club_a, club_b, committing)
