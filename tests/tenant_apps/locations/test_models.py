"""Locations are called by their names, each by one of its own."""

import pytest
from django.db import IntegrityError, transaction

from tenant_apps.locations.models import Location
from tests.support.world import BORN, ClubWorld


class TestLocation:
    def test_is_called_by_its_name(self) -> None:
        assert str(Location(name="Entrance")) == "Entrance"

    def test_has_a_name_of_its_own(self, bound_a: ClubWorld) -> None:
        with pytest.raises(IntegrityError), transaction.atomic():
            Location.objects.create(name="Entrance", created_at=BORN)
