"""Links that work once: made, mailed, followed."""

import re
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from django.core.mail import EmailMessage
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from platform_shared.accounts import selectors, services, sessions
from platform_shared.accounts.enums import CLUB_ROLES
from platform_shared.accounts.errors import (
    AccountInactive,
    InvalidPasswordLink,
)
from platform_shared.accounts.models import PasswordLink, Session, User
from platform_shared.accounts.services import password_links
from platform_shared.kit import clock, one_time
from platform_shared.kit.access import Role
from platform_shared.kit.errors import InvalidInput, NotFound
from platform_shared.outbox.models import Event
from platform_shared.tenancy import binding
from tests.platform_shared.accounts.crew import (
    NEW_PASSWORD,
    change,
    claims,
    mailed_secret,
    new_staff,
    secret_of,
    user_at,
)
from tests.support.background import relay
from tests.support.world import PASSWORD, ClubWorld


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
        for at in (now - password_links.PASSWORD_LINK_PAUSE, now):
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
        monkeypatch.setattr(password_links, "PASSWORD_LINK_PAUSE", -timedelta(days=1))
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
        known, send = user_at(bound_a, Role.CLUB_STAFF).pk, password_links.mail.send
        monkeypatch.setattr(
            password_links.mail, "send", lambda **mail: mail["subject_id"] == known and send(**mail)
        )
        assert self.statements("staff@alpha.test", now) != self.statements("nobody@x.test", now)
