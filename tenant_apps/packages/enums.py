from django.db import models


class PackageType(models.TextChoices):
    CREDITS = "credits"
    PERIOD = "period"


class DurationUnit(models.TextChoices):
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    YEAR = "year"


class Renewal(models.TextChoices):
    NONE = "none"
    AUTOMATIC = "automatic"
