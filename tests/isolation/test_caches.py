"""What is kept outside the database is kept by club."""

from uuid import UUID

import pytest
from django.core.cache import cache, caches
from django.core.cache.backends.base import default_key_func

from platform_shared.accounts import services as account_services
from platform_shared.accounts import sessions
from platform_shared.kit import clock, valkey
from platform_shared.kit.access import Role
from platform_shared.tenancy import binding
from platform_shared.tenancy.errors import ClubNotBound
from tests.isolation.test_tokens import claims_of
from tests.support.world import PASSWORD, ClubWorld


class TestDjangosCache:
    def test_is_read_by_the_club_that_wrote_it_alone(
        self, club_a: ClubWorld, club_b: ClubWorld
    ) -> None:
        with binding.club(club_a.ref):
            cache.set("colour", "alpha's")
        with binding.club(club_b.ref):
            assert cache.get("colour") is None
            cache.set("colour", "beta's")
        with binding.platform():
            assert cache.get("colour") is None
        with binding.club(club_a.ref):
            assert cache.get("colour") == "alpha's"
            cache.delete("colour")
        with binding.club(club_b.ref):
            assert cache.get("colour") == "beta's"

    def test_names_the_club_by_its_immutable_id(self, club_a: ClubWorld) -> None:
        with binding.club(club_a.ref):
            cache.set("colour", "blue")
        keys = valkey.client().keys("*colour*")
        assert keys == [f"{club_a.ref.id}::1:colour"]

    def test_refuses_whom_it_does_not_know(self, db: None, unbound_by_default: None) -> None:
        for use in (
            lambda: cache.get("colour"),
            lambda: cache.set("colour", "blue"),
            lambda: cache.delete("colour"),
            lambda: cache.get_many(["colour"]),
            lambda: cache.incr("colour"),
        ):
            with pytest.raises(ClubNotBound):
                use()

    def test_would_be_shared_with_djangos_own_keys(
        self, club_a: ClubWorld, club_b: ClubWorld, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        # The cache itself: an attribute set through the proxy would be taken away at the end.
        monkeypatch.setattr(caches["default"], "key_func", default_key_func)
        with binding.club(club_a.ref):
            cache.set("colour", "alpha's")
        with binding.club(club_b.ref):
            assert cache.get("colour") == "alpha's"


def session_of(club: ClubWorld) -> UUID:
    """Return a session of the club that the cache has seen."""
    with binding.club(club.ref):
        signed_in = account_services.sign_in(
            email=club.email(Role.CLUB_ADMIN), password=PASSWORD, now=clock.now()
        )
        session_id = UUID(claims_of(signed_in.access)["sid"])
        assert sessions.find_principal(session_id, support=False, now=clock.now()) is not None
        return session_id


class TestCachedSessions:
    def test_are_unknown_to_another_club(self, club_a: ClubWorld, club_b: ClubWorld) -> None:
        session_id = session_of(club_a)
        for other in (binding.club(club_b.ref), binding.platform()):
            with other:
                found = sessions.find_principal(session_id, support=False, now=clock.now())
                assert found is None

    def test_would_be_known_there_by_a_key_without_the_club(
        self, club_a: ClubWorld, club_b: ClubWorld, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(sessions, "_key", lambda session_id, scope, support: str(session_id))
        session_id = session_of(club_a)
        with binding.club(club_b.ref):
            found = sessions.find_principal(session_id, support=False, now=clock.now())
        assert found is not None
        assert found.email == club_a.email(Role.CLUB_ADMIN)

    def test_are_forgotten_in_their_own_club_whoever_is_bound(
        self, club_a: ClubWorld, club_b: ClubWorld
    ) -> None:
        session_id = session_of(club_a)
        with binding.club(club_a.ref):
            sessions.Session.objects.all().delete()
        with binding.club(club_b.ref):
            sessions.forget(session_id, scope=str(club_a.ref.id))
        with binding.club(club_a.ref):
            assert sessions.find_principal(session_id, support=False, now=clock.now()) is None
