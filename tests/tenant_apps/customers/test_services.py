"""Customers are made, changed and invited; their e-mails are unique whatever the case."""

from typing import Any
from uuid import UUID

import pytest

from platform_shared.accounts import services as account_services
from platform_shared.accounts.errors import EmailTaken, InvalidPasswordLink
from platform_shared.accounts.models import User
from platform_shared.kit import clock
from platform_shared.kit.access import Role
from platform_shared.kit.errors import InvalidInput, NotFound
from platform_shared.kit.ids import new_id
from platform_shared.plans.errors import PlanLimitReached
from platform_shared.tenancy import binding
from tenant_apps.customers import selectors, services
from tenant_apps.customers.errors import AlreadyInvited, CustomerHasNoEmail
from tenant_apps.customers.models import Customer
from tenant_apps.locations.services import create_location
from tests.platform_shared.accounts.crew import secret_of
from tests.platform_shared.clubs.limits import limit
from tests.support.world import BORN, PASSWORD, ClubWorld


def create(**fields: Any) -> Customer:
    return services.create_customer(**{"name": "Dora", "now": BORN, **fields})


class TestCreateCustomer:
    def test_needs_no_more_than_a_name(self, bound_a: ClubWorld) -> None:
        customer = create()
        assert (customer.email, customer.phone, customer.is_active) == (None, "", True)
        assert customer.user_id is None

    def test_keeps_the_e_mail_in_lower_case(self, bound_a: ClubWorld) -> None:
        assert create(email=" Dora@Example.TEST ").email == "dora@example.test"

    def test_points_to_who_has_the_e_mail(self, bound_a: ClubWorld) -> None:
        with pytest.raises(EmailTaken) as refused:
            create(email="CUSTOMER@alpha.test")
        assert refused.value.extras == {"customer": str(bound_a.customer)}

    def test_takes_an_e_mail_that_is_in_use_elsewhere(self, bound_a: ClubWorld) -> None:
        assert create(email="customer@beta.test").email == "customer@beta.test"

    def test_respects_the_plan(self, bound_a: ClubWorld) -> None:
        limit(bound_a, max_customers=3)
        create()
        with pytest.raises(PlanLimitReached) as refused:
            create()
        assert refused.value.extras == {"limit": "customers", "allowed": 3}

    def test_counts_only_the_active(self, bound_a: ClubWorld) -> None:
        limit(bound_a, max_customers=2)
        with pytest.raises(PlanLimitReached):
            create()
        services.change_customer(
            customer_id=bound_a.customer, changes={"is_active": False}, now=BORN
        )
        create()


class TestChangeCustomer:
    def change(self, club: ClubWorld, **changes: Any) -> Customer:
        return services.change_customer(customer_id=club.other_customer, changes=changes, now=BORN)

    def test_changes_what_it_is_told(self, bound_a: ClubWorld) -> None:
        self.change(bound_a, name="Otto II", email="Otto@alpha.test", address="Street 1")
        found = Customer.objects.get(pk=bound_a.other_customer)
        assert (found.name, found.email, found.address) == (
            "Otto II",
            "otto@alpha.test",
            "Street 1",
        )

    def test_changes_nothing_when_told_nothing(self, bound_a: ClubWorld) -> None:
        before = Customer.objects.filter(pk=bound_a.other_customer).values().get()
        self.change(bound_a)
        assert Customer.objects.filter(pk=bound_a.other_customer).values().get() == before

    def test_points_to_who_has_the_e_mail(self, bound_a: ClubWorld) -> None:
        with pytest.raises(EmailTaken) as refused:
            self.change(bound_a, email="Customer@Alpha.test")
        assert refused.value.extras == {"customer": str(bound_a.customer)}

    def test_lets_a_customer_keep_the_own_e_mail(self, bound_a: ClubWorld) -> None:
        changed = services.change_customer(
            customer_id=bound_a.customer, changes={"email": "Customer@Alpha.test"}, now=BORN
        )
        assert changed.email == "customer@alpha.test"

    def test_renames_the_login(self, bound_a: ClubWorld) -> None:
        services.change_customer(
            customer_id=bound_a.customer, changes={"name": "Carla Neu"}, now=BORN
        )
        login = User.objects.get(email="customer@alpha.test")
        assert login.name == "Carla Neu"
        services.change_customer(
            customer_id=bound_a.customer, changes={"address": "Street 1"}, now=BORN
        )
        login.refresh_from_db()
        assert login.name == "Carla Neu"

    def test_would_leave_the_login_its_old_name(
        self, bound_a: ClubWorld, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(account_services, "rename", lambda **_: None)
        services.change_customer(
            customer_id=bound_a.customer, changes={"name": "Carla Neu"}, now=BORN
        )
        assert User.objects.get(email="customer@alpha.test").name == "Carla of alpha"

    def test_takes_an_e_mail_away(self, bound_a: ClubWorld) -> None:
        changed = services.change_customer(
            customer_id=bound_a.customer, changes={"email": None}, now=BORN
        )
        assert changed.email is None

    def test_respects_the_plan_when_it_reactivates(self, bound_a: ClubWorld) -> None:
        self.change(bound_a, is_active=False)
        limit(bound_a, max_customers=1)
        with pytest.raises(PlanLimitReached):
            self.change(bound_a, is_active=True)
        self.change(bound_a, name="Still here", is_active=False)  # no new place is taken
        limit(bound_a, max_customers=2)
        assert self.change(bound_a, is_active=True).is_active

    def test_lets_an_active_one_be_so_on_a_full_plan(self, bound_a: ClubWorld) -> None:
        limit(bound_a, max_customers=1)
        assert self.change(bound_a, is_active=True, name="Otto").is_active

    def test_moves_a_customers_home(self, bound_a: ClubWorld) -> None:
        def homes() -> set[UUID]:
            rows = selectors.get_customer(bound_a.other_customer).home_locations.all()
            return {row.location_id for row in rows}

        other = create_location(name="Side door", now=BORN).id
        self.change(bound_a, location_ids=[bound_a.location, other, other])
        assert homes() == {bound_a.location, other}
        self.change(bound_a, name="Otto II")
        assert homes() == {bound_a.location, other}
        with pytest.raises(InvalidInput):
            self.change(bound_a, location_ids=[other, new_id()])
        self.change(bound_a, location_ids=[other])
        assert homes() == {other}
        self.change(bound_a, location_ids=[])
        assert homes() == set()

    def test_takes_whom_to_call_away(self, bound_a: ClubWorld) -> None:
        contact = {"name": "Emil", "phone": "1"}
        assert self.change(bound_a, emergency_contact=contact).emergency_phone == "1"
        assert self.change(bound_a, emergency_contact=None).emergency_name == ""

    def test_knows_nobody_of_another_club(self, club_a: ClubWorld, club_b: ClubWorld) -> None:
        with binding.club(club_a.ref), pytest.raises(NotFound):
            services.change_customer(customer_id=club_b.customer, changes={"name": "x"}, now=BORN)


class TestTheLogin:
    """Once it is in use it goes by the record's e-mail; nobody is left with a key to it."""

    def test_follows_a_new_e_mail(self, bound_a: ClubWorld) -> None:
        services.change_customer(
            customer_id=bound_a.customer, changes={"email": "carla@new.test"}, now=BORN
        )
        login = account_services.sign_in(email="carla@new.test", password=PASSWORD, now=clock.now())
        assert login.user.pk == Customer.objects.get(pk=bound_a.customer).user_id

    def test_keeps_its_own_when_the_record_has_none(self, bound_a: ClubWorld) -> None:
        services.change_customer(customer_id=bound_a.customer, changes={"email": None}, now=BORN)
        assert account_services.sign_in(
            email="customer@alpha.test", password=PASSWORD, now=clock.now()
        )

    def test_takes_no_e_mail_of_the_staff(self, bound_a: ClubWorld) -> None:
        with pytest.raises(EmailTaken):
            services.change_customer(
                customer_id=bound_a.customer, changes={"email": "staff@alpha.test"}, now=BORN
            )
        assert Customer.objects.get(pk=bound_a.customer).email == "customer@alpha.test"


class TestInviteCustomer:
    def test_gives_a_login_and_the_link_to_it(self, bound_a: ClubWorld) -> None:
        customer = create(email="dora@alpha.test")
        link = services.invite_customer(customer_id=customer.id, password=None, now=clock.now())
        assert link is not None
        assert link.startswith("http://alpha.localhost")
        customer.refresh_from_db()
        user = User.objects.get(pk=customer.user_id)
        assert (user.email, user.name, user.role) == (
            "dora@alpha.test",
            "Dora",
            Role.CUSTOMER,
        )

    def test_gives_no_link_beside_a_password(self, bound_a: ClubWorld) -> None:
        customer = create(email="dora@alpha.test")
        link = services.invite_customer(customer_id=customer.id, password=PASSWORD, now=clock.now())
        assert link is None
        assert account_services.sign_in(email="dora@alpha.test", password=PASSWORD, now=clock.now())

    def test_needs_an_e_mail(self, bound_a: ClubWorld) -> None:
        with pytest.raises(CustomerHasNoEmail):
            services.invite_customer(customer_id=bound_a.other_customer, password=None, now=BORN)

    def test_is_refused_to_whoever_has_a_password(self, bound_a: ClubWorld) -> None:
        with pytest.raises(AlreadyInvited):
            services.invite_customer(customer_id=bound_a.customer, password=None, now=BORN)

    def test_can_be_repeated_until_there_is_a_password(self, bound_a: ClubWorld) -> None:
        customer = create(email="doar@alpha.test")
        first = services.invite_customer(customer_id=customer.id, password=None, now=BORN)
        changes = {"email": "dora@alpha.test", "name": "Dora D."}
        services.change_customer(customer_id=customer.id, changes=changes, now=BORN)
        with pytest.raises(AlreadyInvited):
            services.invite_customer(customer_id=customer.id, password=PASSWORD, now=BORN)
        second = services.invite_customer(customer_id=customer.id, password=None, now=BORN)
        assert first is not None
        assert second is not None
        with pytest.raises(InvalidPasswordLink):
            account_services.get_password_link(secret=secret_of(first), now=BORN)
        account_services.set_password_by_link(secret=secret_of(second), password=PASSWORD, now=BORN)
        login = account_services.sign_in(email="dora@alpha.test", password=PASSWORD, now=BORN)
        assert (login.user.name, login.user.role) == ("Dora D.", Role.CUSTOMER)
        customer.refresh_from_db()
        assert customer.user_id == login.user.pk

    def test_does_not_take_another_accounts_e_mail_the_second_time(
        self, bound_a: ClubWorld
    ) -> None:
        customer = create(email="dora@alpha.test")
        services.invite_customer(customer_id=customer.id, password=None, now=BORN)
        services.change_customer(
            customer_id=customer.id, changes={"email": "staff@alpha.test"}, now=BORN
        )
        with pytest.raises(EmailTaken):
            services.invite_customer(customer_id=customer.id, password=None, now=BORN)

    def test_refuses_the_e_mail_of_another_account(self, bound_a: ClubWorld) -> None:
        customer = create(email="staff@alpha.test")
        with pytest.raises(EmailTaken):
            services.invite_customer(customer_id=customer.id, password=None, now=BORN)
        customer.refresh_from_db()
        assert customer.user_id is None

    def test_needs_a_customer(self, bound_a: ClubWorld) -> None:
        with pytest.raises(NotFound):
            services.invite_customer(customer_id=new_id(), password=None, now=BORN)
