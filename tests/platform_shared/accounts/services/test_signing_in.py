"""How sessions begin, go on and end."""

from datetime import datetime, timedelta
from unittest.mock import Mock
from uuid import UUID

import pytest
from django.contrib.auth.hashers import Argon2PasswordHasher
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from platform_shared.accounts import services, sessions
from platform_shared.accounts.errors import (
    InvalidCredentials,
    InvalidToken,
)
from platform_shared.accounts.models import RefreshToken, Session, User
from platform_shared.accounts.services import signing_in
from platform_shared.kit import one_time
from platform_shared.kit.access import Role
from platform_shared.tenancy import binding
from tests.platform_shared.accounts.crew import (
    claims,
    user_at,
)
from tests.support.world import PASSWORD, ClubWorld


class TestSignIn:
    @pytest.mark.parametrize(
        "email", ["staff@alpha.test", "STAFF@alpha.TEST", "  Staff@Alpha.test "]
    )
    def test_takes_the_e_mail_in_any_case(
        self, bound_a: ClubWorld, now: datetime, email: str
    ) -> None:
        signed_in = services.sign_in(email=email, password=PASSWORD, now=now)
        assert signed_in.user.email == "staff@alpha.test"
        session = Session.objects.get(pk=claims(signed_in.access)["sid"])
        assert session.expires_at - session.created_at == timedelta(days=30)

    def test_knows_nobody_of_another_club(self, bound_a: ClubWorld, now: datetime) -> None:
        with pytest.raises(InvalidCredentials):
            services.sign_in(email="staff@beta.test", password=PASSWORD, now=now)

    @pytest.mark.parametrize("password", ["wrong", PASSWORD.upper(), f"{PASSWORD} ", ""])
    def test_refuses_any_other_password(
        self, bound_a: ClubWorld, now: datetime, password: str
    ) -> None:
        with pytest.raises(InvalidCredentials):
            services.sign_in(email="staff@alpha.test", password=password, now=now)
        assert not Session.objects.filter(user__email="staff@alpha.test").exists()

    def test_refuses_the_deactivated(self, bound_a: ClubWorld, now: datetime) -> None:
        User.objects.filter(email="staff@alpha.test").update(is_active=False)
        with pytest.raises(InvalidCredentials):
            services.sign_in(email="staff@alpha.test", password=PASSWORD, now=now)

    def test_takes_as_long_for_an_e_mail_that_nobody_has(
        self, bound_a: ClubWorld, now: datetime, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        hashing = Mock(wraps=signing_in.make_password)
        checking = Mock(wraps=signing_in.check_password)
        monkeypatch.setattr(signing_in, "make_password", hashing)
        monkeypatch.setattr(signing_in, "check_password", checking)
        with pytest.raises(InvalidCredentials):
            services.sign_in(email="nobody@alpha.test", password=PASSWORD, now=now)
        hashing.assert_called_once_with(PASSWORD)
        with pytest.raises(InvalidCredentials):
            services.sign_in(email="staff@alpha.test", password="wrong", now=now)
        assert checking.call_count == hashing.call_count == 1

    def test_takes_as_long_for_the_deactivated(
        self, bound_a: ClubWorld, now: datetime, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        User.objects.filter(email="staff@alpha.test").update(is_active=False)
        checking = Mock(wraps=signing_in.check_password)
        monkeypatch.setattr(signing_in, "check_password", checking)
        with pytest.raises(InvalidCredentials):
            services.sign_in(email="staff@alpha.test", password=PASSWORD, now=now)
        assert checking.call_count == 1

    def test_hashes_anew_what_was_hashed_with_other_costs(
        self, bound_a: ClubWorld, now: datetime, settings: Settings
    ) -> None:
        class Thrifty(Argon2PasswordHasher):
            time_cost, memory_cost, parallelism = 2, 8, 1

        user = user_at(bound_a, Role.CLUB_STAFF)
        user.password = Thrifty().encode(PASSWORD, Thrifty().salt())
        user.save()
        services.sign_in(email=user.email, password=PASSWORD, now=now)
        user.refresh_from_db()
        assert "$m=8,t=1,p=1$" in user.password
        assert services.sign_in(email=user.email, password=PASSWORD, now=now)

    def test_stores_refresh_tokens_as_hashes_only(self, bound_a: ClubWorld, now: datetime) -> None:
        signed_in = services.sign_in(email="staff@alpha.test", password=PASSWORD, now=now)
        (row,) = RefreshToken.objects.all()
        assert bytes(row.token_hash) == one_time.digest(signed_in.refresh)
        assert len(row.token_hash) == 32


class TestRefresh:
    def start(self, now: datetime) -> services.SignedIn:
        return services.sign_in(email="staff@alpha.test", password=PASSWORD, now=now)

    def test_gives_new_tokens_of_the_same_session(self, bound_a: ClubWorld, now: datetime) -> None:
        first = self.start(now)
        second = services.refresh(raw=first.refresh, now=now)
        assert {first.access, first.refresh}.isdisjoint({second.access, second.refresh})
        assert claims(first.access)["sid"] == claims(second.access)["sid"]
        assert services.refresh(raw=second.refresh, now=now).user == first.user

    def test_ends_the_whole_session_when_a_token_comes_twice(
        self,
        bound_a: ClubWorld,
        now: datetime,
        django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
    ) -> None:
        stolen = self.start(now)
        session_id = UUID(claims(stolen.access)["sid"])
        used = services.refresh(raw=stolen.refresh, now=now)
        assert sessions.find_principal(session_id, support=False, now=now)
        with (
            django_capture_on_commit_callbacks(execute=True),
            pytest.raises(InvalidToken),
        ):
            services.refresh(raw=stolen.refresh, now=now)
        session = Session.objects.get(pk=session_id)
        assert (session.revoked_at, session.revoke_reason) == (now, "reuse")
        with pytest.raises(InvalidToken):
            services.refresh(raw=used.refresh, now=now)
        assert sessions.find_principal(session_id, support=False, now=now) is None

    def test_leaves_other_sessions_of_the_account_alone(
        self, bound_a: ClubWorld, now: datetime
    ) -> None:
        stolen, other = self.start(now), self.start(now)
        services.refresh(raw=stolen.refresh, now=now)
        with pytest.raises(InvalidToken):
            services.refresh(raw=stolen.refresh, now=now)
        assert services.refresh(raw=other.refresh, now=now)

    def test_refuses_when_the_session_is_over(self, bound_a: ClubWorld, now: datetime) -> None:
        first = self.start(now)
        with pytest.raises(InvalidToken):
            services.refresh(raw=first.refresh, now=now + timedelta(days=30))
        assert services.refresh(raw=first.refresh, now=now + timedelta(days=29))

    def test_does_not_make_the_session_longer(self, bound_a: ClubWorld, now: datetime) -> None:
        first = self.start(now)
        later = services.refresh(raw=first.refresh, now=now + timedelta(days=29))
        with pytest.raises(InvalidToken):
            services.refresh(raw=later.refresh, now=now + timedelta(days=31))

    def test_refuses_the_deactivated(self, bound_a: ClubWorld, now: datetime) -> None:
        first = self.start(now)
        User.objects.filter(pk=first.user.pk).update(is_active=False)
        with pytest.raises(InvalidToken):
            services.refresh(raw=first.refresh, now=now)

    def test_says_what_has_become_of_the_account(self, bound_a: ClubWorld, now: datetime) -> None:
        first = self.start(now)
        User.objects.filter(pk=first.user.pk).update(role=Role.CLUB_ADMIN)
        second = services.refresh(raw=first.refresh, now=now)
        assert claims(second.access)["role"] == "club_admin"

    def test_refuses_a_token_that_was_never_issued(self, bound_a: ClubWorld, now: datetime) -> None:
        first = self.start(now)
        RefreshToken.objects.all().delete()
        with pytest.raises(InvalidToken):
            services.refresh(raw=first.refresh, now=now)
        assert Session.objects.get().revoked_at is None

    @pytest.mark.parametrize("raw", ["", "x", "a.b.c"])
    def test_refuses_what_is_no_token(self, bound_a: ClubWorld, now: datetime, raw: str) -> None:
        with pytest.raises(InvalidToken):
            services.refresh(raw=raw, now=now)

    def test_refuses_an_access_token(self, bound_a: ClubWorld, now: datetime) -> None:
        with pytest.raises(InvalidToken):
            services.refresh(raw=self.start(now).access, now=now)

    def test_refuses_a_session_id_that_is_none(
        self, bound_a: ClubWorld, now: datetime, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(signing_in.tokens, "read", lambda *args: {"sid": "not-an-id"})
        with pytest.raises(InvalidToken):
            services.refresh(raw="x", now=now)

    def test_refuses_the_tokens_of_the_club_next_door(
        self, club_a: ClubWorld, club_b: ClubWorld, now: datetime
    ) -> None:
        with binding.club(club_a.ref):
            first = self.start(now)
        with binding.club(club_b.ref), pytest.raises(InvalidToken):
            services.refresh(raw=first.refresh, now=now)
        with binding.club(club_a.ref):
            assert services.refresh(raw=first.refresh, now=now)


class TestSignOut:
    def test_ends_the_session_at_once(
        self,
        bound_a: ClubWorld,
        now: datetime,
        django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
    ) -> None:
        signed_in = services.sign_in(email="staff@alpha.test", password=PASSWORD, now=now)
        session_id = UUID(claims(signed_in.access)["sid"])
        assert sessions.find_principal(session_id, support=False, now=now)
        with django_capture_on_commit_callbacks(execute=True):
            services.sign_out(raw=signed_in.refresh, now=now)
        assert sessions.find_principal(session_id, support=False, now=now) is None
        assert Session.objects.get(pk=session_id).revoke_reason == "sign_out"
        with pytest.raises(InvalidToken):
            services.refresh(raw=signed_in.refresh, now=now)

    def test_may_be_repeated(self, bound_a: ClubWorld, now: datetime) -> None:
        signed_in = services.sign_in(email="staff@alpha.test", password=PASSWORD, now=now)
        services.sign_out(raw=signed_in.refresh, now=now)
        services.sign_out(raw=signed_in.refresh, now=now + timedelta(hours=1))
        assert Session.objects.get().revoked_at == now
