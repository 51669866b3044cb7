from django.db import models


class ClubStatus(models.TextChoices):
    PROVISIONING = "provisioning"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    CLOSED = "closed"


class ClubStatusChange(models.TextChoices):
    """What an operator may make of a club by hand."""

    ACTIVE = ClubStatus.ACTIVE.value
    SUSPENDED = ClubStatus.SUSPENDED.value
