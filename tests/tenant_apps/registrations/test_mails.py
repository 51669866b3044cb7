"""What those are told who register themselves, by what there is of them."""

from django.core.mail import EmailMessage

from platform_shared.accounts import services as account_services
from platform_shared.accounts.models import User
from platform_shared.kit import clock
from platform_shared.kit.access import Role
from tenant_apps.customers import services as customer_services
from tenant_apps.registrations import services
from tenant_apps.registrations.models import Registration
from tests.platform_shared.accounts.crew import NEW_PASSWORD, mailed_secret
from tests.support.background import relay
from tests.support.world import BORN, ClubWorld
from tests.tenant_apps.registrations.form import EMAIL, mailed, register

Sent = list[EmailMessage]


class TestRegistration:
    def test_tells_the_new_how_to_confirm(self, open_a: ClubWorld, mailoutbox: Sent) -> None:
        register()
        relay()
        (mail,) = mailoutbox
        assert (mail.to, mail.subject) == ([EMAIL], "Your registration at Club alpha")
        assert "http://alpha.localhost/api/v1/registrations/confirm?token=" in mail.body

    def test_tells_who_has_a_login_and_offers_a_password(
        self, open_a: ClubWorld, mailoutbox: Sent
    ) -> None:
        register(email="customer@alpha.test")
        secret = mailed(mailoutbox)
        assert "an account with it\nalready" in mailoutbox[0].body
        assert "/api/v1/auth/password?token=" in mailoutbox[0].body
        account_services.set_password_by_link(secret=secret, password=NEW_PASSWORD, now=clock.now())
        assert Registration.objects.get().token_hash is None

    def test_invites_who_was_invited_and_never_came(
        self, open_a: ClubWorld, mailoutbox: Sent
    ) -> None:
        known = customer_services.create_customer(name="R.", email=EMAIL, now=BORN)
        customer_services.invite_customer(customer_id=known.pk, password=None, now=BORN)
        register()
        secret = mailed(mailoutbox)
        account_services.set_password_by_link(secret=secret, password=NEW_PASSWORD, now=clock.now())
        assert account_services.sign_in(email=EMAIL, password=NEW_PASSWORD, now=clock.now())

    def test_tells_the_deactivated_nothing(self, open_a: ClubWorld, mailoutbox: Sent) -> None:
        User.objects.filter(email="customer@alpha.test").update(is_active=False)
        register(email="customer@alpha.test")
        relay()
        assert mailoutbox == []

    def test_tells_nobody_once_it_is_over(self, open_a: ClubWorld, mailoutbox: Sent) -> None:
        register(now=clock.now() - services.LIFETIME)
        relay()
        assert mailoutbox == []

    def test_repeats_nothing_that_a_stranger_has_typed(
        self, open_a: ClubWorld, mailoutbox: Sent
    ) -> None:
        register(name="Win a prize: http://evil.test", phone="+49 30 5550199")
        relay()
        text = mailoutbox[0].message().as_string()
        assert "evil" not in text
        assert "5550199" not in text

    def test_is_not_for_accounts_of_staff_to_become_customers(
        self, open_a: ClubWorld, mailoutbox: Sent
    ) -> None:
        register(email=open_a.email(Role.CLUB_STAFF))
        relay()
        assert mailed_secret(mailoutbox[0])
        assert Registration.objects.get().token_hash is None
