import pytest

from platform_shared.accounts import selectors
from platform_shared.kit.access import Role
from platform_shared.kit.errors import NotFound
from platform_shared.kit.ids import new_id
from tests.support.world import ClubWorld


class TestLockUser:
    def test_knows_nobody_by_an_id_that_is_none(self, bound_a: ClubWorld) -> None:
        with pytest.raises(NotFound):
            selectors.lock_user(new_id(), *Role)
