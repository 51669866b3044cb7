"""The database keeps what the code promises about customers."""

from typing import Any
from uuid import UUID

import pytest
from django.db import IntegrityError, transaction

from tenant_apps.customers.models import (
    Customer,
    CustomerImport,
    HomeLocation,
    ImportKey,
    ImportRow,
    Merge,
    SearchTerm,
)
from tests.support.world import BORN, ClubWorld

ONE, OTHER = UUID(int=1), UUID(int=2)


class TestCustomer:
    def test_is_called_by_name(self) -> None:
        assert str(Customer(name="Carla")) == "Carla"

    @pytest.mark.parametrize("email", ["Upper@alpha.test", "customer@alpha.test"])
    def test_has_a_lower_case_e_mail_of_its_own(self, bound_a: ClubWorld, email: str) -> None:
        with pytest.raises(IntegrityError), transaction.atomic():
            Customer.objects.create(name="x", email=email, created_at=BORN)

    def test_may_do_without_one_like_others(self, bound_a: ClubWorld) -> None:
        for name in ("x", "y"):
            Customer.objects.create(name=name, created_at=BORN)

    def test_is_not_their_own_guardian(self, bound_a: ClubWorld) -> None:
        self.refuses(bound_a, guardian_id=bound_a.customer)

    def test_is_inactive_once_merged_and_into_another(self, bound_a: ClubWorld) -> None:
        self.refuses(bound_a, merged_into_id=bound_a.other_customer)
        self.refuses(bound_a, merged_into_id=bound_a.customer, is_active=False)

    @staticmethod
    def refuses(club: ClubWorld, **values: Any) -> None:
        with pytest.raises(IntegrityError), transaction.atomic():
            Customer.objects.filter(pk=club.customer).update(**values)


class TestNames:
    @pytest.mark.parametrize(
        ("row", "name"),
        [
            (HomeLocation(customer_id=ONE, location_id=OTHER), f"{ONE} at {OTHER}"),
            (SearchTerm(term="dora"), "dora"),
            (Merge(duplicate_id=ONE, survivor_id=OTHER), f"{ONE} is {OTHER}"),
            (CustomerImport(id=ONE), str(ONE)),
            (ImportRow(number=7, fate="created"), "row 7: created"),
            (ImportKey(number=7), "row 7"),
        ],
    )
    def test_say_what_the_row_is(self, row: Any, name: str) -> None:
        assert str(row) == name
