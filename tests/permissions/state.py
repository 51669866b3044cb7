"""What a database holds, as one value to compare: a refused call leaves it as it was."""

from django.db import connection
from psycopg import sql

from platform_shared.tenancy import binding

TABLES = """
    SELECT table_schema, table_name FROM information_schema.tables
    WHERE table_type = 'BASE TABLE' AND (table_schema = 'public' OR table_schema LIKE 'c\\_%')
    ORDER BY table_schema, table_name
"""

# The rows as text, in an order of their own: an UPDATE shows as well as an INSERT or a DELETE.
ROWS = """
    SELECT {name}, count(*), md5(coalesce(string_agg(r::text, '|' ORDER BY r::text), ''))
    FROM {table} AS r
"""

Contents = dict[str, tuple[int, str]]


def contents() -> Contents:
    """Return (rows, digest of the rows) of every table of the platform and of every club."""
    with binding.platform(), connection.cursor() as cursor:
        cursor.execute(TABLES)
        statements = [
            sql.SQL(ROWS).format(
                name=sql.Literal(f"{schema}.{table}"), table=sql.Identifier(schema, table)
            )
            for schema, table in cursor.fetchall()
        ]
        cursor.execute(sql.SQL(" UNION ALL ").join(statements))
        return {name: (count, digest) for name, count, digest in cursor.fetchall()}


def changed(before: Contents, after: Contents) -> list[str]:
    """Return the tables, ``schema.table``, whose rows are not what they were."""
    return sorted(name for name in before | after if before.get(name) != after.get(name))
