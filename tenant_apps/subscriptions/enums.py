from django.db import models


class SubscriptionStatus(models.TextChoices):
    PENDING = "pending"
    ACTIVE = "active"
    FROZEN = "frozen"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


class Action(models.TextChoices):
    """What can be done to a subscription; ``states`` says when."""

    ACTIVATE = "activate"
    PLAN_FREEZE = "plan_freeze"
    DROP_FREEZE = "drop_freeze"
    FREEZE = "freeze"
    UNFREEZE = "unfreeze"
    CANCEL = "cancel"
    CANCEL_AT_END = "cancel_at_end"
    KEEP = "keep"
    EXPIRE = "expire"
    RENEW = "renew"
    EXTEND = "extend"
    ADJUST = "adjust"
    TRANSFER = "transfer"
    ADD_MEMBER = "add_member"
    REMOVE_MEMBER = "remove_member"


class EntryKind(models.TextChoices):
    """Grants, adjustments and expiries move ``credits``; the others move ``used_credits``."""

    GRANT = "grant"
    CHECK_IN = "check_in"
    ANNULMENT = "annulment"
    ADJUSTMENT = "adjustment"
    EXPIRY = "expiry"
