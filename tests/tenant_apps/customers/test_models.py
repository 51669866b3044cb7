"""The database keeps what the code promises about customers."""

import pytest
from django.db import IntegrityError, transaction

from tenant_apps.customers.models import Customer
from tests.support.world import BORN, ClubWorld


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
