"""Reading the platform's records of clubs."""

import pytest
from pytest_django import DjangoAssertNumQueries

from platform_shared.clubs import selectors, services
from platform_shared.kit.errors import NotFound
from platform_shared.kit.ids import new_id
from platform_shared.plans.enums import Limit
from tests.platform_shared.clubs.limits import limit
from tests.support.world import ClubWorld


class TestGetClub:
    def test_finds_it(self, platform_bound: None, club_a: ClubWorld) -> None:
        assert selectors.get_club(club_a.ref.id).slug == "alpha"

    def test_says_that_there_is_none(self, platform_bound: None) -> None:
        with pytest.raises(NotFound):
            selectors.get_club(new_id())


class TestCountryOf:
    def test_is_empty_until_the_club_says_it(
        self, platform_bound: None, club_a: ClubWorld, club_b: ClubWorld
    ) -> None:
        assert selectors.country_of(club_a.ref.id) == ""
        services.change_settings(club_id=club_a.ref.id, changes={"country": "AT"})
        assert selectors.country_of(club_a.ref.id) == "AT"
        assert selectors.country_of(club_b.ref.id) == ""


class TestListClubs:
    def test_costs_the_same_for_any_number(
        self, platform_bound: None, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        with django_assert_num_queries(2):
            for club in selectors.list_clubs():
                assert club.plan.code
                assert [host.domain for host in club.domains.all()]


class TestLimitOf:
    def test_is_the_plans(self, platform_bound: None, club_a: ClubWorld) -> None:
        assert selectors.limit_of(club_a.ref.id, Limit.STAFF) is None
        limit(club_a, max_staff=3)
        assert selectors.limit_of(club_a.ref.id, Limit.STAFF) == 3
        assert selectors.limit_of(club_a.ref.id, Limit.CUSTOMERS) is None


class TestPolicy:
    def test_names_what_the_door_needs(self, platform_bound: None, club_a: ClubWorld) -> None:
        club = selectors.get_club(club_a.ref.id)
        assert [getattr(club, name) for name in selectors.POLICY] == [120, False, True]
