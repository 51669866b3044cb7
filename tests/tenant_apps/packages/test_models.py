"""The database keeps what the code promises about packages."""

from typing import Any

import pytest
from django.db import IntegrityError, transaction

from tenant_apps.packages.models import Package
from tests.support.world import BORN, ClubWorld

PERIOD: dict[str, Any] = {
    "name": "Monthly",
    "type": "period",
    "price_amount": 4900,
    "price_currency": "EUR",
    "duration_unit": "month",
    "duration_count": 1,
    "created_at": BORN,
}
CREDITS = PERIOD | {"type": "credits", "package_credits": 10}


class TestPackage:
    def test_is_called_by_its_name(self) -> None:
        assert str(Package(**PERIOD)) == "Monthly"

    @pytest.mark.parametrize(
        "fields",
        [PERIOD, CREDITS, CREDITS | {"duration_unit": None, "duration_count": None}],
    )
    def test_may_be_either(self, bound_a: ClubWorld, fields: dict[str, Any]) -> None:
        Package.objects.create(**fields)

    @pytest.mark.parametrize(
        "fields",
        [
            PERIOD | {"package_credits": 10},
            PERIOD | {"duration_unit": None, "duration_count": None},
            PERIOD | {"duration_unit": None},
            PERIOD | {"duration_count": None},
            PERIOD | {"duration_count": 0},
            PERIOD | {"duration_unit": "eon"},
            PERIOD | {"type": "eternal"},
            PERIOD | {"renewal": "always"},
            PERIOD | {"tax_rate_basis_points": 10_001},
            PERIOD | {"price_amount": -1},
            CREDITS | {"package_credits": 0},
            CREDITS | {"package_credits": None},
        ],
    )
    def test_is_nothing_in_between(self, bound_a: ClubWorld, fields: dict[str, Any]) -> None:
        with pytest.raises(IntegrityError), transaction.atomic():
            Package.objects.create(**fields)
