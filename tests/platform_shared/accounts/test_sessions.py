"""Whether a session still holds is cached, and forgotten the moment it changes."""

from datetime import timedelta
from uuid import UUID

from django.db import connection
from django.test.utils import CaptureQueriesContext

from platform_shared.accounts import services, sessions
from platform_shared.accounts.models import Session, User
from platform_shared.clubs.models import SupportSession
from platform_shared.kit import clock
from platform_shared.kit.access import Role
from platform_shared.kit.ids import new_id
from platform_shared.kit.principal import Principal
from platform_shared.tenancy import binding
from tests.platform_shared.accounts.crew import claims
from tests.support.world import PASSWORD, ClubWorld


def open_session(email: str = "staff@alpha.test") -> UUID:
    """Sign in at what is bound and return the session."""
    signed_in = services.sign_in(email=email, password=PASSWORD, now=clock.now())
    return UUID(claims(signed_in.access)["sid"])


def find(session_id: UUID, *, support: bool = False, days: int = 0) -> Principal | None:
    return sessions.find_principal(
        session_id, support=support, now=clock.now() + timedelta(days=days)
    )


class TestFindPrincipal:
    def test_tells_whose_session_it_is(self, bound_a: ClubWorld) -> None:
        found = find(open_session())
        assert found is not None
        assert (found.email, found.name, found.role) == (
            "staff@alpha.test",
            "Staff",
            Role.CLUB_STAFF,
        )
        assert found.club_id == bound_a.ref.id
        assert not found.support

    def test_knows_the_platforms_own(self, platform_bound: None) -> None:
        found = find(open_session("root@platform.test"))
        assert found is not None
        assert found.role is Role.SYSTEM_ADMIN
        assert found.club_id is None

    def test_asks_the_database_once(self, bound_a: ClubWorld) -> None:
        session = open_session()
        with CaptureQueriesContext(connection) as first:
            find(session)
        with CaptureQueriesContext(connection) as second:
            find(session)
        assert (len(first), len(second)) == (1, 0)

    def test_takes_what_another_process_has_asked(self, bound_a: ClubWorld) -> None:
        session = open_session()
        mine = find(session)
        sessions._states.forget_all()  # another process has a memory of its own
        with CaptureQueriesContext(connection) as queries:
            assert find(session) == mine
        assert len(queries) == 0

    def test_knows_nobody_by_an_id_that_is_none(self, bound_a: ClubWorld) -> None:
        assert find(new_id()) is None

    def test_knows_no_session_of_another_club(self, club_a: ClubWorld, club_b: ClubWorld) -> None:
        with binding.club(club_a.ref):
            session = open_session()
            assert find(session) is not None
        with binding.club(club_b.ref):
            assert find(session) is None

    def test_knows_nobody_once_the_session_is_over(self, bound_a: ClubWorld) -> None:
        session = open_session()
        assert find(session, days=29) is not None
        assert find(session, days=31) is None

    def test_knows_nobody_once_it_is_revoked_or_the_account_deactivated(
        self, bound_a: ClubWorld
    ) -> None:
        session = open_session()
        Session.objects.filter(pk=session).update(revoked_at=clock.now())
        assert find(session) is None
        Session.objects.filter(pk=session).update(revoked_at=None)
        sessions.forget(session, scope=binding.scope())
        assert find(session) is not None
        User.objects.filter(email="staff@alpha.test").update(is_active=False)
        sessions.forget(session, scope=binding.scope())
        assert find(session) is None


class TestForget:
    def test_makes_a_change_seen_whoever_is_bound(self, club_a: ClubWorld) -> None:
        with binding.club(club_a.ref):
            session, scope = open_session(), binding.scope()
            assert find(session) is not None
            Session.objects.filter(pk=session).update(revoked_at=clock.now())
            assert find(session) is not None  # cached
        with binding.platform():
            sessions.forget(session, scope=scope)
        with binding.club(club_a.ref):
            assert find(session) is None


class TestSupportSessions:
    def open(self, club: ClubWorld) -> UUID:
        """Let a system admin in for an hour."""
        now = clock.now()
        return SupportSession.objects.create(
            club_id=club.ref.id,
            admin_id=new_id(),
            admin_email="root@platform.test",
            reason="Because",
            created_at=now,
            expires_at=now + timedelta(hours=1),
        ).pk

    def test_are_known_at_their_club_alone(self, club_a: ClubWorld, club_b: ClubWorld) -> None:
        session = self.open(club_a)
        with binding.club(club_a.ref):
            found = find(session, support=True)
            assert found is not None
            assert found.role is Role.SYSTEM_ADMIN
            assert found.club_id == club_a.ref.id
            assert found.support
        with binding.club(club_b.ref):
            assert find(session, support=True) is None
        with binding.platform():
            assert find(session, support=True) is None

    def test_are_no_ordinary_sessions(self, bound_a: ClubWorld) -> None:
        assert find(self.open(bound_a)) is None
        assert find(open_session(), support=True) is None

    def test_are_over_when_their_time_is(self, bound_a: ClubWorld) -> None:
        session = self.open(bound_a)
        assert find(session, support=True) is not None
        assert find(session, support=True, days=1) is None
