from collections.abc import Iterator
from types import SimpleNamespace

import pytest

from platform_shared.clubs import selectors as club_selectors
from platform_shared.clubs import services as club_services
from platform_shared.tenancy import binding
from tests.conftest import LiveDatabase
from tests.support.live import web
from tests.support.world import ClubWorld

__all__ = ["club", "web"]


@pytest.fixture
def club(live_database: LiveDatabase, world: SimpleNamespace) -> Iterator[ClubWorld]:
    """Club a in the committing database, bound to this thread, without a re-entry window."""
    club_id = world.a.ref.id
    with binding.club(world.a.ref):
        before = club_selectors.get_club(club_id).reentry_seconds
        club_services.change_settings(club_id=club_id, changes={"reentry_seconds": 0})
        try:
            yield world.a
        finally:
            club_services.change_settings(club_id=club_id, changes={"reentry_seconds": before})
