"""The public schema and the clubs' schemas share nothing but what is meant to be in both."""

from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from django.db import DatabaseError, connection, transaction

from platform_shared.tenancy import binding
from tests.support.world import ClubWorld

# In both lists, and why.
IN_BOTH = {
    "platform_shared.accounts": "one account model: system admins there, everybody else here",
    "platform_shared.idempotency": "an answer is kept in the transaction, and beside the data, "
    "of what was done: the platform's here, a club's own there",
}
# Tables of the same name in the public schema and in a club's, and why.
TABLES_IN_BOTH = {
    "accounts_user": "see IN_BOTH",
    "accounts_session": "see IN_BOTH",
    "accounts_refreshtoken": "see IN_BOTH",
    "accounts_passwordlink": "see IN_BOTH",
    "idempotency_keptanswer": "see IN_BOTH",
    "django_migrations": "each schema knows what was applied to it",
}
APPEND_ONLY = {
    "subscriptions_creditentry",
    "subscriptions_subscriptionchange",
    "checkins_checkin",
    "checkins_annulment",
}

FOREIGN_KEYS = """
    SELECT conname, child.nspname, child_table.relname, parent.nspname, parent_table.relname
    FROM pg_constraint
    JOIN pg_class child_table ON child_table.oid = conrelid
    JOIN pg_namespace child ON child.oid = child_table.relnamespace
    JOIN pg_class parent_table ON parent_table.oid = confrelid
    JOIN pg_namespace parent ON parent.oid = parent_table.relnamespace
    WHERE contype = 'f'
"""
NAMES = """
    SELECT conname FROM pg_constraint WHERE connamespace = %s::regnamespace AND contype IN ('c','u')
    UNION SELECT indexname FROM pg_indexes WHERE schemaname = %s
"""
TRIGGERS = """
    SELECT relname, tgenabled, tgtype FROM pg_trigger
    JOIN pg_class ON pg_class.oid = tgrelid
    WHERE relnamespace = %s::regnamespace AND tgname = 'append_only' AND NOT tgisinternal
"""
# pg_trigger.h: for each statement, BEFORE, on DELETE, UPDATE and TRUNCATE.
BEFORE_ANY_CHANGE = 2 | 8 | 16 | 32


def query(text: str, *params: Any) -> list[tuple[Any, ...]]:
    with binding.platform(), connection.cursor() as cursor:
        cursor.execute(text, params)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows


def tables(schema: str) -> set[str]:
    return {
        name
        for (name,) in query(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = %s", schema
        )
    }


@pytest.fixture(params=["club_a", "club_b"])
def club(request: pytest.FixtureRequest) -> ClubWorld:
    found: ClubWorld = request.getfixturevalue(request.param)
    return found


class TestApps:
    def test_are_in_both_lists_only_with_a_reason(self) -> None:
        both = set(settings.SHARED_APPS) & set(settings.TENANT_APPS)
        assert both == set(IN_BOTH)

    def test_of_clubs_are_ours(self) -> None:
        others = {app for app in settings.TENANT_APPS if not app.startswith("tenant_apps.")}
        assert others == set(IN_BOTH)

    def test_are_all_installed_those_of_the_platform_first(self) -> None:
        shared, tenant = settings.SHARED_APPS, settings.TENANT_APPS
        installed = [app for app in settings.INSTALLED_APPS if app in {*shared, *tenant}]
        assert [app for app in installed if app in tenant and app not in shared] == [
            app for app in tenant if app not in shared
        ]
        assert {*shared, *tenant} == set(settings.INSTALLED_APPS)


class TestTables:
    def test_are_in_both_schemas_only_with_a_reason(self, club: ClubWorld) -> None:
        assert tables("public") & tables(club.ref.schema_name) == set(TABLES_IN_BOTH)

    def test_of_one_club_are_those_of_the_next(self, club_a: ClubWorld, club_b: ClubWorld) -> None:
        assert tables(club_a.ref.schema_name) == tables(club_b.ref.schema_name)
        assert len(tables(club_a.ref.schema_name)) > 15

    def test_are_where_their_app_is_listed(self, club: ClubWorld) -> None:
        here, there = tables(club.ref.schema_name), tables("public")
        for model in apps.get_models():
            app = model._meta.app_config.name
            table = model._meta.db_table
            assert (table in here) == (app in settings.TENANT_APPS), table
            assert (table in there) == (app in settings.SHARED_APPS), table


def crossing() -> list[str]:
    """Return the foreign keys whose two tables are not in the same schema."""
    return [
        f"{name}: {schema}.{table} to {other_schema}.{other_table}"
        for name, schema, table, other_schema, other_table in query(FOREIGN_KEYS)
        if schema != other_schema
    ]


class TestForeignKeys:
    def test_never_leave_or_enter_a_clubs_schema(self, club: ClubWorld) -> None:
        assert crossing() == []
        assert [row for row in query(FOREIGN_KEYS) if row[1] == club.ref.schema_name]

    def test_would_be_found_doing_so(self, club_a: ClubWorld) -> None:
        schema = club_a.ref.schema_name
        with binding.platform(), connection.cursor() as cursor:
            cursor.execute(
                f'ALTER TABLE "{schema}".locations_location ADD COLUMN club uuid '
                f"CONSTRAINT stray REFERENCES public.clubs_club (id)"
            )
        assert crossing() == [f"stray: {schema}.locations_location to public.clubs_club"]


def wanted_names(apps_listed: list[str]) -> set[str]:
    """Return the constraints and indexes that the models of these apps declare."""
    found = set()
    for model in apps.get_models():
        if model._meta.app_config.name in apps_listed:
            found |= {constraint.name for constraint in model._meta.constraints}
            found |= {index.name for index in model._meta.indexes}
    return found


def existing_names(schema: str) -> set[str]:
    return {name for (name,) in query(NAMES, schema, schema)}


class TestConstraints:
    def test_of_the_models_are_all_in_every_club(self, club: ClubWorld) -> None:
        wanted = wanted_names(settings.TENANT_APPS)
        assert wanted - existing_names(club.ref.schema_name) == set()
        assert len(wanted) > 25

    def test_of_the_models_are_all_in_the_public_schema(self, db: None) -> None:
        ours = [app for app in settings.SHARED_APPS if app.startswith("platform_shared.")]
        assert wanted_names(ours) - existing_names("public") == set()

    def test_would_be_missed(self, club_a: ClubWorld) -> None:
        schema = club_a.ref.schema_name
        with binding.platform(), connection.cursor() as cursor:
            cursor.execute(
                f'ALTER TABLE "{schema}".subscriptions_creditlot '
                f"DROP CONSTRAINT subscriptions_lot_no_overdraw"
            )
        wanted = wanted_names(settings.TENANT_APPS)
        assert wanted - existing_names(schema) == {"subscriptions_lot_no_overdraw"}

    def test_are_all_validated(self, club: ClubWorld) -> None:
        assert query("SELECT conname FROM pg_constraint WHERE NOT convalidated") == []


class TestAppendOnlyTables:
    def test_have_the_trigger_in_every_club(self, club: ClubWorld) -> None:
        found = {
            name: (enabled, kind) for name, enabled, kind in query(TRIGGERS, club.ref.schema_name)
        }
        assert found == dict.fromkeys(APPEND_ONLY, ("O", BEFORE_ANY_CHANGE))

    @pytest.mark.parametrize("table", sorted(APPEND_ONLY))
    @pytest.mark.parametrize(
        "change", ["UPDATE {} SET actor_label = 'x'", "DELETE FROM {}", "TRUNCATE {} CASCADE"]
    )
    def test_refuse_every_change(self, table: str, change: str, club: ClubWorld) -> None:
        with (
            binding.club(club.ref),
            pytest.raises(DatabaseError, match="append-only"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(change.format(table))

    @pytest.mark.parametrize("table", sorted(APPEND_ONLY))
    def test_would_take_changes_without_the_trigger(self, table: str, club_a: ClubWorld) -> None:
        with binding.club(club_a.ref), connection.cursor() as cursor:
            for protected in APPEND_ONLY:  # TRUNCATE reaches those that refer to the table
                cursor.execute(f"DROP TRIGGER append_only ON {protected}")
            cursor.execute(f"UPDATE {table} SET actor_label = 'x'")
            cursor.execute(f"TRUNCATE {table} CASCADE")
