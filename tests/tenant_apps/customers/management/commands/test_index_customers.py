"""Customers of before are found too, once the command has run."""

from io import StringIO

from django.core.management import call_command

from platform_shared.tenancy import binding
from tenant_apps.customers import selectors
from tenant_apps.customers.models import SearchTerm
from tests.support.world import ClubWorld


class TestIndexCustomers:
    def test_looks_at_every_club(self, club_a: ClubWorld, club_b: ClubWorld) -> None:
        for club in (club_a, club_b):
            with binding.club(club.ref):
                SearchTerm.objects.all().delete()
        said = StringIO()
        call_command("index_customers", stdout=said)
        assert sorted(said.getvalue().splitlines()) == ["alpha: 2 customers", "beta: 2 customers"]
        for club in (club_a, club_b):
            with binding.club(club.ref):
                assert {row.pk for row in selectors.found_by("carla")} == {club.customer}
