"""Who seems to be there already is told before they are there twice."""

from datetime import date
from typing import Any

import pytest

from platform_shared.accounts.errors import EmailTaken
from tenant_apps.customers import services
from tenant_apps.customers.errors import PossibleDuplicate
from tenant_apps.customers.models import Customer
from tests.support.world import BORN, ClubWorld

DORA: dict[str, Any] = {"name": "Dóra Nagy", "birth_date": date(1990, 1, 2), "phone": "030 1234567"}
ALIKE = [
    {"name": "Somebody", "phone": "+49 30 / 123-4567"},
    {"name": "NAGY, Dora", "birth_date": date(1990, 1, 2)},
]
OTHERS = [
    {"name": "Dora Nagy"},
    {"name": "Dora Nagy", "birth_date": date(1990, 1, 3)},
    {"name": "Dora Nagy-Szabo", "birth_date": date(1990, 1, 2)},
    {"name": "Somebody", "phone": "030 1234568"},
    {"name": "Somebody", "birth_date": date(1990, 1, 2)},
]


@pytest.fixture
def dora(bound_a: ClubWorld) -> Customer:
    return services.create_customer(**DORA, now=BORN)


class TestCreating:
    @pytest.mark.parametrize("fields", ALIKE)
    def test_points_to_who_has_the_number_or_the_name_and_day(
        self, dora: Customer, fields: dict[str, Any]
    ) -> None:
        before = Customer.objects.count()
        with pytest.raises(PossibleDuplicate) as refused:
            services.create_customer(**fields, now=BORN)
        assert refused.value.extras == {"customer": str(dora.id)}
        assert Customer.objects.count() == before
        services.create_customer(**fields, now=BORN, allow_duplicate=True)
        assert Customer.objects.count() == before + 1

    @pytest.mark.parametrize("fields", OTHERS)
    def test_takes_others_for_others(self, dora: Customer, fields: dict[str, Any]) -> None:
        services.create_customer(**fields, now=BORN)

    def test_never_takes_an_e_mail_twice(self, dora: Customer, bound_a: ClubWorld) -> None:
        with pytest.raises(EmailTaken) as refused:
            services.create_customer(
                name="x", email="customer@alpha.test", now=BORN, allow_duplicate=True
            )
        assert refused.value.extras == {"customer": str(bound_a.customer)}


class TestChanging:
    @pytest.mark.parametrize("fields", ALIKE)
    def test_into_somebody_is_told_as_well(
        self, dora: Customer, bound_a: ClubWorld, fields: dict[str, Any]
    ) -> None:
        before = Customer.objects.filter(pk=bound_a.other_customer).values().get()
        asked = {"customer_id": bound_a.other_customer, "changes": fields, "now": BORN}
        with pytest.raises(PossibleDuplicate) as refused:
            services.change_customer(**asked)
        assert refused.value.extras == {"customer": str(dora.id)}
        assert Customer.objects.filter(pk=bound_a.other_customer).values().get() == before
        services.change_customer(**asked, allow_duplicate=True)

    def test_half_of_it_is_enough(self, dora: Customer, bound_a: ClubWorld) -> None:
        def change(**changes: Any) -> None:
            services.change_customer(customer_id=bound_a.other_customer, changes=changes, now=BORN)

        change(name="Dora Nagy")
        with pytest.raises(PossibleDuplicate):
            change(birth_date=date(1990, 1, 2))

    def test_says_nothing_of_what_stays(self, dora: Customer, bound_a: ClubWorld) -> None:
        twin = services.create_customer(**DORA, now=BORN, allow_duplicate=True)
        changes = {"address": "Street 1", "phone": "0049 30 1234567", "name": "Dora NAGY"}
        services.change_customer(customer_id=twin.id, changes=changes, now=BORN)
        services.change_customer(customer_id=dora.id, changes=changes, now=BORN)
