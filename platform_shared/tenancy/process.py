"""What holds for all of this process: whose data it works on unless told, and how long it waits."""

# Nobody's, except under ``manage.py``.
default_schema: str | None = None
# PostgreSQL's settings by name, which each binding carries along; the web process has some.
limits: dict[str, str] = {}
