"""Nobody's data is touched before somebody is bound, and the bound one alone."""

import pytest
from django.db import connection, transaction

from platform_shared.kit import context
from platform_shared.tenancy import binding
from platform_shared.tenancy.errors import ClubNotBound, SwitchInTransaction
from platform_shared.tenancy.postgres.base import DatabaseWrapper
from tests.support.world import ClubWorld


def schema() -> str:
    """Return the schema that statements see first."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_schema()")
        row = cursor.fetchone()
    assert row is not None
    return str(row[0])


class TestNothingBound:
    def test_refuses_every_query(self, unbound_by_default: None) -> None:
        assert binding.current() is None
        with pytest.raises(ClubNotBound):
            schema()

    def test_is_nobodys_scope(self, unbound_by_default: None) -> None:
        with pytest.raises(ClubNotBound):
            binding.scope()
        with pytest.raises(ClubNotBound):
            binding.current_club()

    def test_is_the_platform_under_manage_py(self, unbound_by_default: None) -> None:
        binding.default_to_platform()
        assert binding.current() == binding.PLATFORM
        assert schema() == "public"
        assert binding.scope() == "platform"


class TestBind:
    def test_serves_one_club_after_the_other(
        self, unbound_by_default: None, club_a: ClubWorld, club_b: ClubWorld
    ) -> None:
        for club in (club_a, club_b):
            binding.bind(club.ref)
            assert schema() == club.ref.schema_name
            assert binding.current() == binding.current_club() == club.ref
            assert binding.scope() == str(club.ref.id)
            assert context.club_slug.get() == club.ref.slug
        binding.release()
        assert binding.current() is None
        with pytest.raises(ClubNotBound):
            schema()

    def test_gives_the_platform_no_club(self, unbound_by_default: None) -> None:
        binding.bind(binding.PLATFORM)
        assert schema() == "public"
        with pytest.raises(ClubNotBound):
            binding.current_club()
        assert context.club_slug.get() is None


class TestClub:
    def test_gives_back_what_was_bound_before(
        self, unbound_by_default: None, club_a: ClubWorld, club_b: ClubWorld
    ) -> None:
        with binding.club(club_a.ref):
            with binding.club(club_b.ref):
                assert schema() == club_b.ref.schema_name
            assert schema() == club_a.ref.schema_name
            with binding.platform():
                assert schema() == "public"
            assert schema() == club_a.ref.schema_name
        assert binding.current() is None

    def test_gives_it_back_after_an_error(
        self, unbound_by_default: None, club_a: ClubWorld
    ) -> None:
        with pytest.raises(KeyError), binding.club(club_a.ref):
            raise KeyError
        assert binding.current() is None

    def test_refuses_to_change_sides_inside_a_transaction(
        self,
        club_a: ClubWorld,
        club_b: ClubWorld,
    ) -> None:
        with binding.club(club_a.ref), transaction.atomic():
            schema()
            with pytest.raises(SwitchInTransaction), binding.club(club_b.ref):
                pass
            with binding.club(club_a.ref):  # the same is no change
                assert schema() == club_a.ref.schema_name

    def test_would_change_sides_without_the_guard(
        self, club_a: ClubWorld, club_b: ClubWorld, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(DatabaseWrapper, "_refuse_switch", lambda *args: None)
        with binding.club(club_a.ref), transaction.atomic():
            schema()
            with binding.club(club_b.ref):
                assert schema() == club_b.ref.schema_name


class TestSchemaUnderConstruction:
    def test_changes_sides_inside_the_transaction_that_makes_it(
        self, club_a: ClubWorld, club_b: ClubWorld
    ) -> None:
        with binding.club(club_a.ref), transaction.atomic():
            schema()
            with binding.schema_under_construction(club_b.ref):
                assert schema() == club_b.ref.schema_name
            assert schema() == club_a.ref.schema_name
            with pytest.raises(SwitchInTransaction), binding.club(club_b.ref):
                pass
