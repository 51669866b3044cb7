"""Making a club's schema."""

from dataclasses import replace
from uuid import UUID

from django.db import connection, transaction

from platform_shared.kit.ids import new_id
from platform_shared.tenancy import binding, schema
from tests.support.world import ClubWorld


def tables(name: str) -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = %s", [name])
        return {table for (table,) in cursor.fetchall()}


class TestNameFor:
    def test_is_made_of_the_id_alone(self) -> None:
        club = UUID("01a2079d-3a51-730d-9243-60fe20bd829b")
        assert schema.name_for(club) == "c_01a2079d3a51730d924360fe20bd829b"


class TestCreate:
    def test_makes_the_tables_of_a_club_and_no_others(
        self, platform_bound: None, club_a: ClubWorld
    ) -> None:
        club_id = new_id()
        ref = replace(club_a.ref, id=club_id, schema_name=schema.name_for(club_id))
        said: list[str] = []
        with transaction.atomic():
            schema.create(ref, said.append)
        made = tables(ref.schema_name)
        assert made == tables(club_a.ref.schema_name)
        assert {"accounts_user", "customers_customer"} <= made
        assert "clubs_club" not in made
        assert "migrated accounts.0001_initial" in said

    def test_needs_nobody_to_be_told(self, platform_bound: None, club_a: ClubWorld) -> None:
        club_id = new_id()
        ref = replace(club_a.ref, id=club_id, schema_name=schema.name_for(club_id))
        with transaction.atomic():
            schema.create(ref)
        assert tables(ref.schema_name)


class TestMigrate:
    def test_has_nothing_to_do_twice(self, club_a: ClubWorld) -> None:
        said: list[str] = []
        with binding.club(club_a.ref):
            assert schema.migrate(said.append) == 0
        assert said == []
