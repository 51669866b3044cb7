"""Locations are named, renamed, and as many as the plan allows."""

from typing import Any

import pytest

from platform_shared.kit.errors import NotFound
from platform_shared.kit.ids import new_id
from platform_shared.plans.errors import PlanLimitReached
from tenant_apps.locations import selectors, services
from tenant_apps.locations.errors import LocationNameTaken
from tenant_apps.locations.models import Location
from tests.platform_shared.clubs.limits import limit
from tests.support.world import BORN, ClubWorld


def change(club: ClubWorld, **changes: Any) -> Location:
    return services.change_location(location_id=club.location, changes=changes)


class TestCreateLocation:
    def test_adds_one(self, bound_a: ClubWorld) -> None:
        made = services.create_location(name="Sauna", now=BORN)
        assert selectors.get_location(made.id).name == "Sauna"
        assert list(selectors.ids_of(made.id)) == [made.id]

    def test_refuses_a_name_that_is_taken(self, bound_a: ClubWorld) -> None:
        with pytest.raises(LocationNameTaken):
            services.create_location(name="Entrance", now=BORN)

    def test_respects_the_plan(self, bound_a: ClubWorld) -> None:
        limit(bound_a, max_locations=2)
        services.create_location(name="Sauna", now=BORN)
        with pytest.raises(PlanLimitReached) as refused:
            services.create_location(name="Pool", now=BORN)
        assert refused.value.extras == {"limit": "locations", "allowed": 2}


class TestChangeLocation:
    def test_renames(self, bound_a: ClubWorld) -> None:
        assert change(bound_a, name="Front door").name == "Front door"
        assert selectors.get_location(bound_a.location).name == "Front door"

    def test_lets_it_keep_its_name(self, bound_a: ClubWorld) -> None:
        assert change(bound_a, name="Entrance").name == "Entrance"

    def test_changes_nothing_when_told_nothing(self, bound_a: ClubWorld) -> None:
        before = Location.objects.filter(pk=bound_a.location).values().get()
        change(bound_a)
        assert Location.objects.filter(pk=bound_a.location).values().get() == before

    def test_refuses_a_name_that_is_taken(self, bound_a: ClubWorld) -> None:
        services.create_location(name="Sauna", now=BORN)
        with pytest.raises(LocationNameTaken):
            change(bound_a, name="Sauna")

    def test_respects_the_plan_when_it_reactivates(self, bound_a: ClubWorld) -> None:
        change(bound_a, is_active=False)
        limit(bound_a, max_locations=1)
        services.create_location(name="Sauna", now=BORN)
        with pytest.raises(PlanLimitReached):
            change(bound_a, is_active=True)
        limit(bound_a, max_locations=2)
        assert change(bound_a, is_active=True).is_active

    def test_knows_no_location_that_is_none(self, bound_a: ClubWorld) -> None:
        with pytest.raises(NotFound):
            services.change_location(location_id=new_id(), changes={"name": "x"})
