"""Making and removing a club's schema."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from platform_shared.tenancy import binding
from platform_shared.tenancy.club_ref import ClubRef

Progress = Callable[[str], None]


def name_for(club_id: UUID) -> str:
    """Return the schema's name: never made of anything a person typed."""
    return f"c_{club_id.hex}"


def create(ref: ClubRef, progress: Progress = lambda message: None) -> None:
    """Create and migrate ``ref``'s schema inside the caller's transaction.

    Nothing of it is visible before the caller commits, and all of it goes when it rolls back.
    """
    with connection.cursor() as cursor:
        cursor.execute(f'CREATE SCHEMA "{ref.schema_name}"')
    with binding.schema_under_construction(ref):
        migrate(progress)


def migrate(progress: Progress = lambda message: None) -> int:
    """Apply what is missing to the bound schema; return how many migrations that were."""

    def report(action: str, migration: Any = None, fake: bool | None = False) -> None:
        if action == "apply_success" and getattr(migration, "app_label", None) in _tenant_labels():
            progress(f"migrated {migration}")

    executor = MigrationExecutor(connection, report)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if plan:
        executor.migrate(executor.loader.graph.leaf_nodes(), plan=plan)
    return len(plan)


def _tenant_labels() -> set[str]:
    return {app.rpartition(".")[2] for app in settings.TENANT_APPS}
