"""Both clubs' scenes: what is asked for is the other club's."""

from collections.abc import Iterator
from typing import Any

import pytest

from platform_shared.tenancy import binding, process
from tests.permissions import scene
from tests.permissions.scene import Committing, Scene
from tests.support.world import ClubWorld


@pytest.fixture
def committing(django_capture_on_commit_callbacks: Any) -> Committing:
    """Run what waits for a commit at the end of the block: a rolled back test has none."""
    return lambda: django_capture_on_commit_callbacks(execute=True)


@pytest.fixture
def scene_a(club_a: ClubWorld, club_b: ClubWorld, committing: Committing) -> Scene:
    return scene.at_club(club_a, club_b, committing)


@pytest.fixture
def scene_b(club_a: ClubWorld, club_b: ClubWorld, committing: Committing) -> Scene:
    return scene.at_club(club_b, club_a, committing)


@pytest.fixture
def unbound_by_default() -> Iterator[None]:
    """As in web and worker processes: bound to nobody until somebody says to whom.

    Ask for it last: what tears the database down is bound to the platform, as ``manage.py`` is.
    """
    before, process.default_schema = process.default_schema, None
    binding.release()
    yield
    binding.release()
    process.default_schema = before
