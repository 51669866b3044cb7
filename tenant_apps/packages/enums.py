from django.db import models


class PackageType(models.TextChoices):
    CREDITS = "credits"
    PERIOD = "period"


class DurationUnit(models.TextChoices):
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    YEAR = "year"


class Purpose(models.TextChoices):
    """Whom a package is for: anybody, somebody new, or a guest who becomes no member by it."""

    REGULAR = "regular"
    TRIAL = "trial"
    GUEST = "guest"


class ValidFrom(models.TextChoices):
    """What a duration is counted from."""

    PURCHASE = "purchase"
    FIRST_VISIT = "first_visit"


class Renewal(models.TextChoices):
    NONE = "none"
    AUTOMATIC = "automatic"
