from django.db import models


class ImportStatus(models.TextChoices):
    PENDING = "pending"
    RUNNING = "running"
    DONE = "done"


class RowFate(models.TextChoices):
    """What became of a row of an import; in a dry run, what would."""

    CREATED = "created"
    DUPLICATE = "duplicate"
    INVALID = "invalid"
