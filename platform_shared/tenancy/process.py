"""What this process is bound to when nothing is said: nothing, except under ``manage.py``."""

default_schema: str | None = None
