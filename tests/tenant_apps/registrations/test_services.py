"""Registering oneself: nothing comes of it before the link, and a customer with a login after."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.core.mail import EmailMessage
from django.db import connection
from django.test.utils import CaptureQueriesContext

from platform_shared.accounts import services as account_services
from platform_shared.accounts.models import User
from platform_shared.due_work import services as due_work
from platform_shared.due_work.models import DueWork
from platform_shared.kit import clock
from platform_shared.kit.access import Role
from platform_shared.kit.errors import InvalidInput
from platform_shared.outbox.models import Event
from platform_shared.plans.errors import PlanLimitReached
from tenant_apps.customers import services as customer_services
from tenant_apps.customers.errors import AlreadyInvited, CustomerInactive
from tenant_apps.customers.models import Customer
from tenant_apps.registrations import selectors, services
from tenant_apps.registrations.errors import InvalidRegistrationLink, RegistrationClosed
from tenant_apps.registrations.models import Registration
from tests.platform_shared.clubs.limits import limit
from tests.support.background import relay
from tests.support.world import BORN, PASSWORD, ClubWorld
from tests.tenant_apps.registrations.form import (
    CHOSEN,
    EMAIL,
    confirm,
    customers,
    let_register,
    mailed,
    register,
)

Sent = list[EmailMessage]


def a_customer(**fields: Any) -> Customer:
    """Add a customer who has the e-mail and no login."""
    return customer_services.create_customer(
        **{"name": "R. Known", "email": EMAIL, **fields}, now=BORN
    )


class TestRegister:
    def test_makes_no_customer_and_no_account(self, open_a: ClubWorld, mailoutbox: Sent) -> None:
        accounts = User.objects.count()
        register()
        relay()
        assert len(mailoutbox) == 1
        assert customers() == 0
        assert User.objects.count() == accounts

    def test_is_refused_where_the_club_does_not_want_it(self, bound_a: ClubWorld) -> None:
        with pytest.raises(RegistrationClosed):
            register()
        assert not Registration.objects.exists()
        assert not Event.objects.filter(kind=services.ASKED).exists()

    def test_keeps_the_secret_in_the_mail_alone(self, open_a: ClubWorld, mailoutbox: Sent) -> None:
        register()
        assert Registration.objects.get().token_hash is None
        secret = mailed(mailoutbox)
        registration = selectors.get_by_secret(secret, clock.now())
        assert registration.email == EMAIL
        assert secret.encode() not in bytes(registration.token_hash or b"")

    def test_says_no_more_than_an_id_to_the_outbox(self, open_a: ClubWorld) -> None:
        register()
        event = Event.objects.get(kind=services.ASKED)
        assert (event.subject_id, event.data) == (Registration.objects.get().pk, {})

    def test_sends_one_mail_a_minute_to_an_e_mail(
        self, open_a: ClubWorld, mailoutbox: Sent
    ) -> None:
        now = clock.now()
        for later in (0, 1, 59):
            register(now=now + timedelta(seconds=later))
        register(email="other@guests.test", now=now)
        relay()
        assert sorted(mail.to[0] for mail in mailoutbox) == ["other@guests.test", EMAIL]
        register(now=now + services.PAUSE)
        assert Registration.objects.filter(email=EMAIL).count() == 2

    def test_is_the_same_work_whoever_has_the_e_mail(self, open_a: ClubWorld) -> None:
        def statements(email: str) -> list[str]:
            with CaptureQueriesContext(connection) as queries:
                register(email=email)
            sent = [query["sql"] for query in queries]
            return [re.split(r'" |\(', sql)[0] for sql in sent if "SAVEPOINT" not in sql]

        a_customer(email="known@guests.test")
        unknown = statements("unknown@guests.test")
        assert statements("known@guests.test") == unknown
        assert statements("customer@alpha.test") == unknown
        assert not any("customers_" in sql or "accounts_" in sql for sql in unknown)


class TestConfirm:
    def test_makes_a_customer_who_signs_in(self, open_a: ClubWorld, mailoutbox: Sent) -> None:
        register()
        customer = confirm(mailed(mailoutbox))
        assert (customer.name, customer.email, customer.phone) == ("Rita", EMAIL, "+49 30 1234")
        assert str(customer.birth_date) == "1990-05-17"
        signed_in = account_services.sign_in(email=EMAIL, password=CHOSEN, now=clock.now())
        assert signed_in.user.role == Role.CUSTOMER
        assert Customer.objects.get(user=signed_in.user) == customer

    def test_works_once_and_ends_every_other_link(
        self, open_a: ClubWorld, mailoutbox: Sent
    ) -> None:
        now = clock.now()
        secrets = []
        for minutes in (0, 1):
            register(now=now + timedelta(minutes=minutes))
            secrets.append(mailed(mailoutbox))
        confirm(secrets[0])
        for secret in secrets:
            with pytest.raises(InvalidRegistrationLink):
                confirm(secret)
        assert customers() == 1
        assert not Registration.objects.exists()

    def test_gives_the_login_to_the_customer_that_there_is(
        self, open_a: ClubWorld, mailoutbox: Sent
    ) -> None:
        known = a_customer()
        register()
        customer = confirm(mailed(mailoutbox))
        assert customer.pk == known.pk
        known.refresh_from_db()
        assert (known.name, known.phone) == ("R. Known", "")
        signed_in = account_services.sign_in(email=EMAIL, password=CHOSEN, now=clock.now())
        assert known.user_id == signed_in.user.pk

    def test_survives_a_weak_password(self, open_a: ClubWorld, mailoutbox: Sent) -> None:
        register()
        secret = mailed(mailoutbox)
        with pytest.raises(InvalidInput):
            confirm(secret, password="short")
        assert customers() == 0
        assert confirm(secret)

    def test_respects_the_plan(self, open_a: ClubWorld, mailoutbox: Sent) -> None:
        register()
        secret = mailed(mailoutbox)
        limit(open_a, max_customers=Customer.objects.filter(is_active=True).count())
        with pytest.raises(PlanLimitReached):
            confirm(secret)
        assert customers() == 0
        assert not User.objects.filter(email=EMAIL).exists()
        limit(open_a)
        assert confirm(secret)

    def test_takes_no_room_for_a_customer_that_there_is(
        self, open_a: ClubWorld, mailoutbox: Sent
    ) -> None:
        a_customer()
        register()
        secret = mailed(mailoutbox)
        limit(open_a, max_customers=Customer.objects.filter(is_active=True).count())
        assert confirm(secret)

    def test_lives_three_days(self, open_a: ClubWorld, mailoutbox: Sent) -> None:
        now = clock.now()
        register(now=now)
        secret = mailed(mailoutbox)
        with pytest.raises(InvalidRegistrationLink):
            confirm(secret, now=now + services.LIFETIME)
        assert confirm(secret, now=now + services.LIFETIME - timedelta(seconds=1))

    @pytest.mark.parametrize("secret", ["", "unknown", "\x00"])
    def test_knows_no_other_link(self, secret: str, open_a: ClubWorld, mailoutbox: Sent) -> None:
        register()
        with pytest.raises(InvalidRegistrationLink):
            confirm(secret)  # a registration whose mail has not been sent has no link
        assert customers() == 0

    def test_is_refused_once_the_club_does_not_want_it(
        self, open_a: ClubWorld, mailoutbox: Sent
    ) -> None:
        register()
        secret = mailed(mailoutbox)
        let_register(open_a, allowed=False)
        with pytest.raises(RegistrationClosed):
            confirm(secret)
        assert customers() == 0

    def test_opens_no_door_to_who_was_deactivated(
        self, open_a: ClubWorld, mailoutbox: Sent
    ) -> None:
        known = a_customer()
        customer_services.change_customer(
            customer_id=known.pk, changes={"is_active": False}, now=BORN
        )
        register()
        with pytest.raises(CustomerInactive):
            confirm(mailed(mailoutbox))
        assert not User.objects.filter(email=EMAIL).exists()

    def test_leaves_a_login_alone_that_came_meanwhile(
        self, open_a: ClubWorld, mailoutbox: Sent
    ) -> None:
        register()
        secret = mailed(mailoutbox)
        known = a_customer()
        customer_services.invite_customer(customer_id=known.pk, password=PASSWORD, now=BORN)
        with pytest.raises(AlreadyInvited):
            confirm(secret)
        assert account_services.sign_in(email=EMAIL, password=PASSWORD, now=clock.now())


class TestExpiry:
    def entry(self) -> DueWork:
        return DueWork.objects.get(kind=services.EXPIRY)

    def test_forgets_what_was_not_confirmed(self, open_a: ClubWorld) -> None:
        register()
        entry = self.entry()
        assert not due_work.carry_out(entry_id=entry.pk, now=entry.due_at - timedelta(seconds=1))
        assert Registration.objects.exists()
        assert due_work.carry_out(entry_id=entry.pk, now=entry.due_at)
        assert not Registration.objects.exists()

    def test_forgets_nothing_that_is_not_over(self, open_a: ClubWorld) -> None:
        register()
        services.forget_if_over(Registration.objects.get().pk, clock.now())
        assert Registration.objects.exists()

    def test_leaves_the_customer_alone_who_came_of_it(
        self, open_a: ClubWorld, mailoutbox: Sent
    ) -> None:
        register()
        confirm(mailed(mailoutbox))
        entry = self.entry()
        assert due_work.carry_out(entry_id=entry.pk, now=entry.due_at)
        assert customers() == 1
