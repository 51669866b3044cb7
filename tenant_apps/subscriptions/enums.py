from django.db import models


class SubscriptionStatus(models.TextChoices):
    PENDING = "pending"
    ACTIVE = "active"
    FROZEN = "frozen"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


class EntryKind(models.TextChoices):
    """Grants, adjustments and expiries move ``credits``; the others move ``used_credits``."""

    GRANT = "grant"
    CHECK_IN = "check_in"
    ANNULMENT = "annulment"
    ADJUSTMENT = "adjustment"
    EXPIRY = "expiry"
