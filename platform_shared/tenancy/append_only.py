"""Tables whose rows are only ever added."""

from django.db import migrations


def protect(table: str) -> migrations.RunSQL:
    """Return the migration operation that makes the database refuse changes to ``table``."""
    return migrations.RunSQL(
        f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
        f"FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change()",
        f"DROP TRIGGER append_only ON {table}",
    )
