"""Cache entries belong to whoever wrote them."""

import pytest
from django.core.cache import caches

from platform_shared.tenancy import binding
from platform_shared.tenancy.cache import make_key
from platform_shared.tenancy.errors import ClubNotBound
from tests.support.world import ClubWorld


class TestMakeKey:
    def test_begins_with_the_clubs_immutable_id(self, bound_a: ClubWorld) -> None:
        assert make_key("key", "prefix", 1) == f"{bound_a.ref.id}:prefix:1:key"

    def test_begins_with_the_platform(self, platform_bound: None) -> None:
        assert make_key("key", "", 1) == "platform::1:key"

    def test_refuses_an_entry_that_is_nobodys(self, unbound_by_default: None) -> None:
        with pytest.raises(ClubNotBound):
            make_key("key", "", 1)
        with pytest.raises(ClubNotBound):
            caches["default"].set("key", 1)

    def test_keeps_clubs_apart_in_the_real_cache(
        self, club_a: ClubWorld, club_b: ClubWorld, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with binding.club(club_a.ref):
            caches["default"].set("key", "a's", 60)
        with binding.club(club_b.ref):
            assert caches["default"].get("key") is None
            monkeypatch.setattr(
                caches["default"], "key_func", lambda key, prefix, version: "one-for-all"
            )
            caches["default"].set("key", "b's", 60)
        with binding.club(club_a.ref):
            assert caches["default"].get("key") == "b's"  # what the club's id in the key prevents
            monkeypatch.undo()
            assert caches["default"].get("key") == "a's"
