"""Who may be made and changed."""

from datetime import datetime
from typing import Any
from uuid import UUID

import pytest
from pytest_django import DjangoCaptureOnCommitCallbacks

from platform_shared.accounts import selectors, services, sessions
from platform_shared.accounts.errors import (
    EmailTaken,
    InvalidCredentials,
    InvalidPasswordLink,
    LastAdmin,
)
from platform_shared.accounts.models import PasswordLink, Session, User
from platform_shared.kit.access import Role
from platform_shared.kit.errors import InvalidInput, NotFound
from platform_shared.plans.errors import PlanLimitReached
from tests.platform_shared.accounts.crew import (
    NEW_PASSWORD,
    change,
    claims,
    new_staff,
    secret_of,
    user_at,
)
from tests.platform_shared.clubs.limits import limit
from tests.support.world import PASSWORD, ClubWorld


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
