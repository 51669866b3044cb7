import pytest

from tests.support.world import ClubWorld
from tests.tenant_apps.registrations import form


@pytest.fixture
def open_a(bound_a: ClubWorld) -> ClubWorld:
    """Club a, bound, where people may register themselves."""
    form.let_register(bound_a)
    return bound_a
