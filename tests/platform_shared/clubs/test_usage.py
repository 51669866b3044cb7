"""What a club uses of its plan is counted as the plan's limits are."""

from collections.abc import Callable
from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from platform_shared.accounts import services as account_services
from platform_shared.clubs import usage
from platform_shared.kit.access import Role
from platform_shared.plans.enums import Limit
from platform_shared.plans.errors import PlanLimitReached
from platform_shared.tenancy import binding
from platform_shared.tenancy.errors import ClubNotBound
from tenant_apps.customers import services as customer_services
from tenant_apps.customers.models import Customer
from tenant_apps.locations import services as location_services
from tests.platform_shared.clubs.limits import limit
from tests.support.world import BORN, ClubWorld


def add_customer() -> Any:
    return customer_services.create_customer(name="Dora", now=BORN)


def add_member_of_staff() -> Any:
    return account_services.create_user(
        email="new@alpha.test", name="", role=Role.CLUB_STAFF, password=None, now=BORN
    )


def add_location() -> Any:
    return location_services.create_location(name="Side door", now=BORN)


ADDING = {"customers": add_customer, "staff": add_member_of_staff, "locations": add_location}


class TestGetUsage:
    def test_tells_plan_and_limits_and_what_is_there(self, bound_a: ClubWorld) -> None:
        limit(bound_a, max_customers=5, max_locations=1)
        found = usage.get_usage()
        plan = found.pop("plan")
        assert (plan.code, plan.name) == ("small", "Small")
        assert found == {
            "customers": usage.Use(5, 2),
            "staff": usage.Use(None, 2),
            "locations": usage.Use(1, 1),
        }

    @pytest.mark.parametrize(("name", "add"), ADDING.items(), ids=ADDING)
    def test_leaves_as_much_room_as_there_is(
        self, name: str, add: Callable[[], Any], bound_a: ClubWorld
    ) -> None:
        used = usage.get_usage()[name].used
        limit(bound_a, **{f"max_{name}": used})
        with pytest.raises(PlanLimitReached) as refused:
            add()
        assert refused.value.extras == {"limit": name, "allowed": used}
        limit(bound_a, **{f"max_{name}": used + 1})
        add()
        assert usage.get_usage()[name] == usage.Use(used + 1, used + 1)

    def test_shows_more_than_a_smaller_plan_allows(self, bound_a: ClubWorld) -> None:
        limit(bound_a, max_customers=1)
        assert usage.get_usage()["customers"] == usage.Use(1, 2)

    def test_leaves_out_who_is_inactive(self, bound_a: ClubWorld) -> None:
        customer_services.change_customer(
            customer_id=bound_a.other_customer, changes={"is_active": False}, now=BORN
        )
        location_services.change_location(
            location_id=bound_a.location, changes={"is_active": False}
        )
        found = usage.get_usage()
        assert (found["customers"].used, found["locations"].used) == (1, 0)

    def test_would_count_what_the_app_says(
        self, bound_a: ClubWorld, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(usage, "_counted", {})
        usage.register(Limit.CUSTOMERS, Customer.objects.none)
        assert set(usage.get_usage()) == {"plan", "customers"}
        assert usage.get_usage()["customers"].used == 0

    def test_is_the_bound_clubs(self, club_a: ClubWorld, club_b: ClubWorld) -> None:
        with binding.club(club_b.ref):
            add_customer()
        with binding.club(club_a.ref):
            assert usage.get_usage()["customers"].used == 2

    def test_is_nobodys_on_the_platform(self, platform_bound: None) -> None:
        with pytest.raises(ClubNotBound):
            usage.get_usage()

    def test_takes_a_query_for_the_plan_and_one_for_each_limit(
        self, bound_a: ClubWorld, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        with django_assert_num_queries(1 + len(Limit)):
            usage.get_usage()
