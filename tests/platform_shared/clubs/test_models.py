"""Clubs and hosts are called by what people know them by."""

import pytest
from django.db import IntegrityError, transaction

from platform_shared.clubs.models import Club, Host
from tests.support.world import ClubWorld


class TestClub:
    def test_is_called_by_its_slug(self, platform_bound: None, club_a: ClubWorld) -> None:
        assert str(Club.objects.get(pk=club_a.ref.id)) == "alpha"

    def test_has_a_status_that_is_known(self, platform_bound: None, club_a: ClubWorld) -> None:
        clubs = Club.objects.filter(pk=club_a.ref.id)
        with pytest.raises(IntegrityError), transaction.atomic():
            clubs.update(status="asleep")

    def test_makes_no_schema_by_being_saved(self) -> None:
        assert Club.auto_create_schema is False


class TestHost:
    def test_is_called_by_its_name(self, platform_bound: None, club_a: ClubWorld) -> None:
        assert str(Host.objects.get(tenant_id=club_a.ref.id)) == "alpha.localhost"

    def test_belongs_to_one_club(
        self, platform_bound: None, club_a: ClubWorld, club_b: ClubWorld
    ) -> None:
        with pytest.raises(IntegrityError), transaction.atomic():
            Host.objects.create(domain="alpha.localhost", tenant_id=club_b.ref.id)
