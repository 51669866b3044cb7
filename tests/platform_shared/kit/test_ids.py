"""Ids are UUIDv7: their order is the order of creation."""

from uuid import UUID

from platform_shared.kit.ids import new_id


class TestNewId:
    def test_is_a_version_7_uuid_of_the_standard_library(self) -> None:
        made = new_id()
        assert type(made) is UUID
        assert made.version == 7

    def test_comes_after_those_made_before(self) -> None:
        made = [new_id() for _ in range(1000)]
        assert made == sorted(made)
        assert len(set(made)) == 1000
