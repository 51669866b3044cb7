"""Accounts: who may be made and changed, how sessions begin and end, links that work once."""

import re
from datetime import datetime, timedelta
from typing import Any
from unittest.mock import Mock
from uuid import UUID

import pytest
from django.contrib.auth.hashers import Argon2PasswordHasher
from django.core.mail import EmailMessage
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from platform_shared.accounts import selectors, services, sessions
from platform_shared.accounts.enums import CLUB_ROLES
from platform_shared.accounts.errors import (
    AccountInactive,
    EmailTaken,
    InvalidCredentials,
    InvalidPasswordLink,
    InvalidToken,
    LastAdmin,
)
from platform_shared.accounts.models import PasswordLink, RefreshToken, Session, User
from platform_shared.kit import clock, one_time
from platform_shared.kit.access import Role
from platform_shared.kit.errors import InvalidInput, NotFound
from platform_shared.kit.ids import new_id
from platform_shared.outbox.models import Event
from platform_shared.plans.errors import PlanLimitReached
from platform_shared.tenancy import binding
from tests.platform_shared.accounts.crew import NEW_PASSWORD, claims, mailed_secret, secret_of
from tests.platform_shared.clubs.limits import limit
from tests.support.background import relay
from tests.support.world import PASSWORD, ClubWorld


@pytest.fixture
def now() -> datetime:
    return clock.now()


def new_staff(now: datetime, **fields: Any) -> tuple[User, str | None]:
    """Make a member of staff."""
    return services.create_user(
        **{
            "email": "new@alpha.test",
            "name": "New",
            "role": Role.CLUB_STAFF,
            "password": NEW_PASSWORD,
            "now": now,
            **fields,
        }
    )


def user_at(club: ClubWorld, role: Role) -> User:
    user = selectors.find_by_email(club.email(role))
    assert user is not None
    return user


def change(user: User, now: datetime, **changes: Any) -> User:
    return services.change_user(user_id=user.pk, roles=CLUB_ROLES, changes=changes, now=now)


class TestCreateUser:
    def test_makes_an_account_that_signs_in(self, bound_a: ClubWorld, now: datetime) -> None:
        user, link = new_staff(now)
        assert link is None
        signed_in = services.sign_in(email=user.email, password=NEW_PASSWORD, now=now)
        assert signed_in.user == user

    def test_keeps_no_password_as_it_is(self, bound_a: ClubWorld, now: datetime) -> None:
        user, _ = new_staff(now)
        assert user.password.startswith("argon2$argon2id$")
        assert NEW_PASSWORD not in user.password

    def test_keeps_the_e_mail_in_lower_case(self, bound_a: ClubWorld, now: datetime) -> None:
        user, _ = new_staff(now, email=" New@Alpha.Test ")
        assert user.email == "new@alpha.test"

    @pytest.mark.parametrize(
        "email", ["staff@alpha.test", "STAFF@Alpha.test", "customer@alpha.test"]
    )
    def test_refuses_an_e_mail_that_is_taken_whatever_its_case(
        self, bound_a: ClubWorld, now: datetime, email: str
    ) -> None:
        with pytest.raises(EmailTaken):
            new_staff(now, email=email)

    def test_takes_an_e_mail_that_is_in_use_elsewhere(
        self, bound_a: ClubWorld, now: datetime
    ) -> None:
        user, _ = new_staff(now, email="staff@beta.test")
        assert user.email == "staff@beta.test"

    @pytest.mark.parametrize("password", ["", "short", "password123", "new@alpha.test"])
    def test_refuses_a_weak_password(
        self, bound_a: ClubWorld, now: datetime, password: str
    ) -> None:
        with pytest.raises(InvalidInput) as refused:
            new_staff(now, password=password)
        assert {(e.field, e.code) for e in refused.value.errors} == {("password", "weak_password")}
        assert selectors.find_by_email("new@alpha.test") is None

    def test_gives_a_link_in_place_of_a_password(self, bound_a: ClubWorld, now: datetime) -> None:
        user, link = new_staff(now, password=None)
        assert link is not None
        assert not user.has_usable_password()
        with pytest.raises(InvalidCredentials):
            services.sign_in(email=user.email, password="", now=now)

    def test_respects_the_plan(self, bound_a: ClubWorld, now: datetime) -> None:
        limit(bound_a, max_staff=3)
        new_staff(now)
        with pytest.raises(PlanLimitReached) as refused:
            new_staff(now, email="one.more@alpha.test")
        assert refused.value.extras == {"limit": "staff", "allowed": 3}

    def test_counts_no_customers_among_the_staff(self, bound_a: ClubWorld, now: datetime) -> None:
        limit(bound_a, max_staff=2)
        user, _ = new_staff(now, role=Role.CUSTOMER)
        assert user.role == Role.CUSTOMER


class TestChangeUser:
    def test_changes_what_it_is_told(self, bound_a: ClubWorld, now: datetime) -> None:
        staff = user_at(bound_a, Role.CLUB_STAFF)
        change(staff, now, name="Renamed", role=Role.CLUB_ADMIN)
        staff.refresh_from_db()
        assert (staff.name, staff.role, staff.is_active) == ("Renamed", Role.CLUB_ADMIN, True)

    def test_changes_nothing_when_told_nothing(self, bound_a: ClubWorld, now: datetime) -> None:
        before = User.objects.filter(pk=user_at(bound_a, Role.CLUB_STAFF).pk).values().get()
        change(user_at(bound_a, Role.CLUB_STAFF), now)
        assert User.objects.filter(pk=before["id"]).values().get() == before

    def test_knows_no_accounts_of_other_roles(self, bound_a: ClubWorld, now: datetime) -> None:
        with pytest.raises(NotFound):
            change(user_at(bound_a, Role.CUSTOMER), now, name="x")

    @pytest.mark.parametrize("changes", [{"is_active": False}, {"role": Role.CLUB_STAFF}])
    def test_refuses_to_leave_a_club_without_an_admin(
        self, bound_a: ClubWorld, now: datetime, changes: dict[str, Any]
    ) -> None:
        admin = user_at(bound_a, Role.CLUB_ADMIN)
        with pytest.raises(LastAdmin):
            change(admin, now, **changes)
        admin.refresh_from_db()
        assert (admin.role, admin.is_active) == (Role.CLUB_ADMIN, True)
        new_staff(now, role=Role.CLUB_ADMIN)
        change(admin, now, **changes)

    def test_counts_only_active_admins_as_such(self, bound_a: ClubWorld, now: datetime) -> None:
        second, _ = new_staff(now, role=Role.CLUB_ADMIN)
        change(second, now, is_active=False)
        with pytest.raises(LastAdmin):
            change(user_at(bound_a, Role.CLUB_ADMIN), now, is_active=False)

    def test_lets_the_last_admin_be_renamed(self, bound_a: ClubWorld, now: datetime) -> None:
        admin = user_at(bound_a, Role.CLUB_ADMIN)
        assert change(admin, now, name="Chief", is_active=True).name == "Chief"

    def test_refuses_to_leave_the_platform_without_an_admin(
        self, platform_bound: None, now: datetime
    ) -> None:
        root = selectors.find_by_email("root@platform.test")
        assert root is not None
        with pytest.raises(LastAdmin):
            services.change_user(
                user_id=root.pk, roles=[Role.SYSTEM_ADMIN], changes={"is_active": False}, now=now
            )

    @pytest.mark.parametrize("changes", [{"is_active": False}, {"role": Role.CLUB_STAFF}])
    def test_ends_the_sessions_of_the_deactivated_and_the_demoted(
        self, bound_a: ClubWorld, now: datetime, changes: dict[str, Any]
    ) -> None:
        second, _ = new_staff(now, role=Role.CLUB_ADMIN)
        services.sign_in(email=second.email, password=NEW_PASSWORD, now=now)
        change(second, now, **changes)
        (session,) = Session.objects.filter(user=second)
        assert (session.revoked_at, session.revoke_reason) == (now, "account_changed")

    def test_keeps_the_sessions_of_the_renamed(self, bound_a: ClubWorld, now: datetime) -> None:
        second, _ = new_staff(now, role=Role.CLUB_ADMIN)
        services.sign_in(email=second.email, password=NEW_PASSWORD, now=now)
        change(second, now, name="Renamed", role=Role.CLUB_ADMIN, is_active=True)
        assert Session.objects.get(user=second).revoked_at is None

    def test_has_the_new_name_in_every_session_at_once(
        self,
        bound_a: ClubWorld,
        now: datetime,
        django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
    ) -> None:
        second, _ = new_staff(now)
        signed_in = services.sign_in(email=second.email, password=NEW_PASSWORD, now=now)
        session_id = UUID(claims(signed_in.access)["sid"])

        assert _name_in(session_id, now) == "New"
        change(second, now, name="Renamed")
        # What is cached, where nobody has said that it changed.
        assert _name_in(session_id, now) == "New"
        with django_capture_on_commit_callbacks(execute=True):
            change(second, now, name="Renamed")
        assert _name_in(session_id, now) == "Renamed"

    def test_respects_the_plan_when_it_reactivates(self, bound_a: ClubWorld, now: datetime) -> None:
        staff = user_at(bound_a, Role.CLUB_STAFF)
        change(staff, now, is_active=False)
        limit(bound_a, max_staff=1)
        with pytest.raises(PlanLimitReached):
            change(staff, now, is_active=True)
        limit(bound_a, max_staff=2)
        assert change(staff, now, is_active=True).is_active


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
        hashing = Mock(wraps=services.make_password)
        checking = Mock(wraps=services.check_password)
        monkeypatch.setattr(services, "make_password", hashing)
        monkeypatch.setattr(services, "check_password", checking)
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
        checking = Mock(wraps=services.check_password)
        monkeypatch.setattr(services, "check_password", checking)
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
        monkeypatch.setattr(services.tokens, "read", lambda *args: {"sid": "not-an-id"})
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


class TestPasswordLinks:
    def link(self, now: datetime) -> tuple[User, str]:
        """Make an account without a password; return the secret of its link."""
        user, link = new_staff(now, password=None)
        assert link is not None
        return user, secret_of(link)

    def test_lead_to_the_host_of_the_account(
        self, club_a: ClubWorld, now: datetime, settings: Settings
    ) -> None:
        settings.EXTERNAL_SCHEME, settings.EXTERNAL_PORT = "https", None
        with binding.club(club_a.ref):
            link = services.create_password_link(user=user_at(club_a, Role.CLUB_STAFF), now=now)
        assert link.startswith("https://alpha.localhost/api/v1/auth/password?token=")
        settings.EXTERNAL_PORT = 8000
        with binding.platform():
            root = selectors.find_by_email("root@platform.test")
            assert root is not None
            link = services.create_password_link(user=root, now=now)
        assert link.startswith("https://platform.localhost:8000/api/v1/auth/password?token=")

    def test_are_stored_as_hashes_only(self, bound_a: ClubWorld, now: datetime) -> None:
        _, secret = self.link(now)
        row = PasswordLink.objects.get()
        assert bytes(row.token_hash) == one_time.digest(secret)
        assert len(secret) >= 43  # 256 bits

    def test_set_a_password_once(self, bound_a: ClubWorld, now: datetime) -> None:
        user, secret = self.link(now)
        services.set_password_by_link(secret=secret, password=NEW_PASSWORD, now=now)
        assert services.sign_in(email=user.email, password=NEW_PASSWORD, now=now)
        with pytest.raises(InvalidPasswordLink):
            services.set_password_by_link(secret=secret, password=PASSWORD, now=now)
        with pytest.raises(InvalidPasswordLink):
            services.get_password_link(secret=secret, now=now)

    def test_live_three_days(self, bound_a: ClubWorld, now: datetime) -> None:
        _, secret = self.link(now)
        almost, over = now + timedelta(days=3, seconds=-1), now + timedelta(days=3)
        assert services.get_password_link(secret=secret, now=almost)
        with pytest.raises(InvalidPasswordLink):
            services.get_password_link(secret=secret, now=over)
        with pytest.raises(InvalidPasswordLink):
            services.set_password_by_link(secret=secret, password=NEW_PASSWORD, now=over)

    def test_survive_a_weak_password(self, bound_a: ClubWorld, now: datetime) -> None:
        user, secret = self.link(now)
        for weak in ("short", user.email):
            with pytest.raises(InvalidInput):
                services.set_password_by_link(secret=secret, password=weak, now=now)
        services.set_password_by_link(secret=secret, password=NEW_PASSWORD, now=now)

    def test_end_every_session_and_every_other_link(
        self,
        bound_a: ClubWorld,
        now: datetime,
        django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
    ) -> None:
        user = user_at(bound_a, Role.CLUB_STAFF)
        signed_in = services.sign_in(email=user.email, password=PASSWORD, now=now)
        session_id = UUID(claims(signed_in.access)["sid"])
        assert sessions.find_principal(session_id, support=False, now=now)
        first, second = (
            secret_of(services.create_password_link(user=user, now=now)) for _ in range(2)
        )
        with pytest.raises(InvalidPasswordLink):
            services.set_password_by_link(secret=first, password=NEW_PASSWORD, now=now)
        with django_capture_on_commit_callbacks(execute=True):
            services.set_password_by_link(secret=second, password=NEW_PASSWORD, now=now)
        assert sessions.find_principal(session_id, support=False, now=now) is None
        assert Session.objects.get().revoke_reason == "password_set"

    def test_do_not_work_for_the_deactivated(self, bound_a: ClubWorld, now: datetime) -> None:
        user, secret = self.link(now)
        change(user, now, is_active=False)
        with pytest.raises(InvalidPasswordLink):
            services.get_password_link(secret=secret, now=now)
        with pytest.raises(InvalidPasswordLink):
            services.set_password_by_link(secret=secret, password=NEW_PASSWORD, now=now)

    @pytest.mark.parametrize("secret", ["", "x", "\x00", "é"])
    def test_are_unknown_by_any_other_secret(
        self, bound_a: ClubWorld, now: datetime, secret: str
    ) -> None:
        with pytest.raises(InvalidPasswordLink):
            services.get_password_link(secret=secret, now=now)

    def test_work_at_their_own_club_alone(
        self, club_a: ClubWorld, club_b: ClubWorld, now: datetime
    ) -> None:
        with binding.club(club_a.ref):
            _, secret = self.link(now)
        with binding.club(club_b.ref), pytest.raises(InvalidPasswordLink):
            services.get_password_link(secret=secret, now=now)


class TestChangeEmail:
    def test_moves_the_login_and_ends_what_the_old_one_opened(
        self, bound_a: ClubWorld, now: datetime
    ) -> None:
        user = user_at(bound_a, Role.CUSTOMER)
        services.sign_in(email=user.email, password=PASSWORD, now=now)
        services.create_password_link(user=user, now=now)
        services.change_email(user=user, email="carla@new.test", now=now)
        assert not PasswordLink.objects.filter(user=user).exists()
        assert not Session.objects.filter(user=user, revoked_at=None).exists()
        with pytest.raises(InvalidCredentials):
            services.sign_in(email="customer@alpha.test", password=PASSWORD, now=now)
        assert services.sign_in(email="carla@new.test", password=PASSWORD, now=now)

    def test_takes_nobody_elses(self, bound_a: ClubWorld, now: datetime) -> None:
        with pytest.raises(EmailTaken):
            services.change_email(
                user=user_at(bound_a, Role.CUSTOMER), email="staff@alpha.test", now=now
            )

    def test_does_nothing_for_the_same(self, bound_a: ClubWorld, now: datetime) -> None:
        user = user_at(bound_a, Role.CUSTOMER)
        services.sign_in(email=user.email, password=PASSWORD, now=now)
        services.change_email(user=user, email=user.email, now=now)
        assert Session.objects.filter(user=user, revoked_at=None).exists()


class TestRenewPasswordLink:
    def test_gives_a_second_chance(self, bound_a: ClubWorld, now: datetime) -> None:
        user, first = new_staff(now, password=None)
        link = services.renew_password_link(user_id=user.pk, roles=CLUB_ROLES, now=now)
        assert first is not None
        assert secret_of(link) != secret_of(first)
        services.set_password_by_link(secret=secret_of(link), password=NEW_PASSWORD, now=now)
        assert services.sign_in(email=user.email, password=NEW_PASSWORD, now=now)

    def test_leaves_the_password_as_it_is_until_then(
        self, bound_a: ClubWorld, now: datetime
    ) -> None:
        user = user_at(bound_a, Role.CLUB_STAFF)
        services.renew_password_link(user_id=user.pk, roles=CLUB_ROLES, now=now)
        assert services.sign_in(email=user.email, password=PASSWORD, now=now)

    def test_gives_none_to_the_deactivated(self, bound_a: ClubWorld, now: datetime) -> None:
        user = user_at(bound_a, Role.CLUB_STAFF)
        change(user, now, is_active=False)
        with pytest.raises(AccountInactive):
            services.renew_password_link(user_id=user.pk, roles=CLUB_ROLES, now=now)
        assert not PasswordLink.objects.filter(user=user).exists()

    def test_knows_no_accounts_of_other_roles(self, bound_a: ClubWorld, now: datetime) -> None:
        user = user_at(bound_a, Role.CUSTOMER)
        with pytest.raises(NotFound):
            services.renew_password_link(user_id=user.pk, roles=CLUB_ROLES, now=now)


class TestAskForPasswordLink:
    """The mail and its link are made when it is sent."""

    def ask(self, email: str, now: datetime) -> None:
        services.ask_for_password_link(email=email, now=now)

    def test_has_a_link_mailed_that_sets_the_password(
        self, bound_a: ClubWorld, now: datetime, mailoutbox: list[EmailMessage]
    ) -> None:
        self.ask("Staff@Alpha.test", now)
        assert not PasswordLink.objects.exists()
        relay()
        (mail,) = mailoutbox
        assert mail.to == ["staff@alpha.test"]
        assert mail.subject == "Your password at Club alpha"
        secret = mailed_secret(mail)
        services.set_password_by_link(secret=secret, password=NEW_PASSWORD, now=now)
        services.sign_in(email="staff@alpha.test", password=NEW_PASSWORD, now=now)

    def test_leaves_older_links_until_one_is_used(
        self,
        bound_a: ClubWorld,
        now: datetime,
        mailoutbox: list[EmailMessage],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        for at in (now - services.PASSWORD_LINK_PAUSE, now):
            monkeypatch.setattr(clock, "now", lambda at=at: at)
            self.ask("staff@alpha.test", at)
            relay()
        first, second = (mailed_secret(mail) for mail in mailoutbox)
        for secret in (first, second):
            assert services.get_password_link(secret=secret, now=now)
        services.set_password_by_link(secret=first, password=NEW_PASSWORD, now=now)
        with pytest.raises(InvalidPasswordLink):
            services.get_password_link(secret=second, now=now)

    def test_ends_no_link_that_somebody_was_invited_by(
        self, bound_a: ClubWorld, now: datetime, mailoutbox: list[EmailMessage]
    ) -> None:
        invited, link = new_staff(now - timedelta(days=1), password=None)
        assert link is not None
        self.ask(invited.email, now)
        relay()
        assert len(mailoutbox) == 1
        assert services.get_password_link(secret=secret_of(link), now=now).user == invited

    @pytest.mark.parametrize("sent_between", [True, False])
    def test_fills_no_mailbox(
        self, sent_between: bool, bound_a: ClubWorld, now: datetime, mailoutbox: list[EmailMessage]
    ) -> None:
        for _ in range(3):
            self.ask("staff@alpha.test", now)
            if sent_between:
                relay()
        self.ask("customer@alpha.test", now)
        relay()
        assert sorted(mail.to[0] for mail in mailoutbox) == [
            "customer@alpha.test",
            "staff@alpha.test",
        ]
        assert services.get_password_link(secret=mailed_secret(mailoutbox[0]), now=now)

    def test_would_fill_a_mailbox_without_the_pause(
        self,
        bound_a: ClubWorld,
        now: datetime,
        mailoutbox: list[EmailMessage],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        # Negative control.
        monkeypatch.setattr(services, "PASSWORD_LINK_PAUSE", -timedelta(days=1))
        for _ in range(3):
            self.ask("staff@alpha.test", now)
            relay()
        assert len(mailoutbox) == 3

    def test_leaves_the_password_as_it_is(
        self, bound_a: ClubWorld, now: datetime, mailoutbox: list[EmailMessage]
    ) -> None:
        self.ask("staff@alpha.test", now)
        relay()
        services.sign_in(email="staff@alpha.test", password=PASSWORD, now=now)

    def test_keeps_the_secret_in_the_mail_alone(
        self, bound_a: ClubWorld, now: datetime, mailoutbox: list[EmailMessage]
    ) -> None:
        self.ask("staff@alpha.test", now)
        event = Event.objects.get(kind=services.PASSWORD_LINK_ASKED)
        assert (event.subject_id, event.data) == (user_at(bound_a, Role.CLUB_STAFF).pk, {})
        relay()
        link = PasswordLink.objects.get()
        assert bytes(link.token_hash) == one_time.digest(mailed_secret(mailoutbox[0]))

    @pytest.mark.parametrize("email", ["nobody@alpha.test", "staff@beta.test", "not an e-mail", ""])
    def test_sends_nothing_to_nobody(
        self, email: str, bound_a: ClubWorld, now: datetime, mailoutbox: list[EmailMessage]
    ) -> None:
        self.ask(email, now)
        relay()
        assert mailoutbox == []
        assert not PasswordLink.objects.exists()

    @pytest.mark.parametrize("asked_first", [True, False])
    def test_sends_nothing_to_the_deactivated(
        self,
        asked_first: bool,
        bound_a: ClubWorld,
        now: datetime,
        mailoutbox: list[EmailMessage],
    ) -> None:
        steps = [
            lambda: self.ask("staff@alpha.test", now),
            lambda: change(user_at(bound_a, Role.CLUB_STAFF), now, is_active=False),
        ]
        for step in steps if asked_first else reversed(steps):
            step()
        relay()
        assert mailoutbox == []
        assert not PasswordLink.objects.exists()

    def statements(self, email: str, now: datetime) -> list[str]:
        """Return what asking sends to the database, without the values."""
        with CaptureQueriesContext(connection) as queries:
            self.ask(email, now)
        sent = [query["sql"] for query in queries]
        return [re.split(r'" |\(', sql)[0] for sql in sent if "SAVEPOINT" not in sql]

    def test_is_the_same_work_whatever_the_e_mail(self, bound_a: ClubWorld, now: datetime) -> None:
        known, again, unknown = (
            self.statements(email, now)
            for email in ("staff@alpha.test", "staff@alpha.test", "nobody@alpha.test")
        )
        assert unknown == known == again
        assert len(known) == 5

    def test_would_be_other_work_if_nothing_were_said_of_nobody(
        self, bound_a: ClubWorld, now: datetime, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        # Negative control.
        known, send = user_at(bound_a, Role.CLUB_STAFF).pk, services.mail.send
        monkeypatch.setattr(
            services.mail, "send", lambda **mail: mail["subject_id"] == known and send(**mail)
        )
        assert self.statements("staff@alpha.test", now) != self.statements("nobody@x.test", now)


class TestChangePassword:
    def start(self, now: datetime) -> services.SignedIn:
        return services.sign_in(email="staff@alpha.test", password=PASSWORD, now=now)

    def change(self, signed_in: services.SignedIn, now: datetime, **other: Any) -> None:
        services.change_password(
            **{
                "user_id": signed_in.user.pk,
                "session_id": UUID(claims(signed_in.access)["sid"]),
                "current": PASSWORD,
                "new": NEW_PASSWORD,
                "now": now,
                **other,
            }
        )

    def test_ends_every_other_session_and_keeps_this_one(
        self, bound_a: ClubWorld, now: datetime
    ) -> None:
        here, there = self.start(now), self.start(now)
        self.change(here, now)
        assert services.refresh(raw=here.refresh, now=now)
        with pytest.raises(InvalidToken):
            services.refresh(raw=there.refresh, now=now)
        with pytest.raises(InvalidCredentials):
            self.start(now)

    def test_ends_links_that_are_on_their_way(self, bound_a: ClubWorld, now: datetime) -> None:
        here = self.start(now)
        link = services.renew_password_link(user_id=here.user.pk, roles=Role, now=now)
        self.change(here, now)
        with pytest.raises(InvalidPasswordLink):
            services.get_password_link(secret=secret_of(link), now=now)

    @pytest.mark.parametrize(
        ("other", "field", "code"),
        [
            ({"current": "wrong-password"}, "current_password", "wrong_password"),
            ({"new": "short"}, "new_password", "weak_password"),
            ({"new": "staff@alpha.test"}, "new_password", "weak_password"),
        ],
    )
    def test_changes_nothing_when_it_may_not(
        self, other: dict[str, str], field: str, code: str, bound_a: ClubWorld, now: datetime
    ) -> None:
        here, there = self.start(now), self.start(now)
        with pytest.raises(InvalidInput) as refused:
            self.change(here, now, **other)
        assert {(e.field, e.code) for e in refused.value.errors} == {(field, code)}
        assert services.refresh(raw=there.refresh, now=now)
        assert self.start(now)

    def test_asks_again_when_the_password_has_changed_meanwhile(
        self, bound_a: ClubWorld, now: datetime, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        here = self.start(now)
        lock = selectors.lock_user

        def changed_meanwhile(user_id: UUID, *roles: Role) -> User:
            user = lock(user_id, *roles)
            user.set_password("set-by-somebody-else")
            return user

        monkeypatch.setattr(selectors, "lock_user", changed_meanwhile)
        with pytest.raises(InvalidInput, match="current password"):
            self.change(here, now)

    def test_knows_no_account_of_support(self, bound_a: ClubWorld, now: datetime) -> None:
        with pytest.raises(NotFound):
            self.change(self.start(now), now, user_id=new_id())


class TestRename:
    def test_shows_in_every_session_at_once(
        self,
        bound_a: ClubWorld,
        now: datetime,
        django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
    ) -> None:
        user, _ = new_staff(now)
        signed_in = services.sign_in(email=user.email, password=NEW_PASSWORD, now=now)
        session_id = UUID(claims(signed_in.access)["sid"])
        assert _name_in(session_id, now) == "New"
        with django_capture_on_commit_callbacks(execute=True):
            services.rename(user=user, name="Renamed")
        assert _name_in(session_id, now) == "Renamed"
        assert User.objects.get(pk=user.pk).name == "Renamed"

    def test_would_wait_for_the_cache_unless_it_were_told(
        self, bound_a: ClubWorld, now: datetime
    ) -> None:
        user, _ = new_staff(now)
        signed_in = services.sign_in(email=user.email, password=NEW_PASSWORD, now=now)
        session_id = UUID(claims(signed_in.access)["sid"])
        assert _name_in(session_id, now) == "New"
        services.rename(user=user, name="Renamed")  # no commit, so nobody hears of it
        assert _name_in(session_id, now) == "New"

    def test_to_the_same_name_is_nothing(
        self, bound_a: ClubWorld, now: datetime, django_assert_num_queries: Any
    ) -> None:
        user, _ = new_staff(now)
        with django_assert_num_queries(0):
            services.rename(user=user, name=user.name)


def _name_in(session_id: UUID, now: datetime) -> str:
    found = sessions.find_principal(session_id, support=False, now=now)
    assert found is not None
    return found.name


class TestDiscardUnused:
    def test_sets_the_e_mail_and_the_links_free(self, bound_a: ClubWorld, now: datetime) -> None:
        user, link = new_staff(now, password=None)
        assert link is not None
        services.discard_unused(user=user)
        assert not User.objects.filter(email=user.email).exists()
        with pytest.raises(InvalidPasswordLink):
            services.get_password_link(secret=secret_of(link), now=now)
        new_staff(now)

    def test_is_for_those_alone_that_were_never_used(
        self, bound_a: ClubWorld, now: datetime
    ) -> None:
        with pytest.raises(AssertionError):
            services.discard_unused(user=user_at(bound_a, Role.CLUB_STAFF))


class TestLockUser:
    def test_knows_nobody_by_an_id_that_is_none(self, bound_a: ClubWorld) -> None:
        with pytest.raises(NotFound):
            selectors.lock_user(new_id(), *Role)
