from django.db import models


class Kind(models.TextChoices):
    ENTRY = "entry"
    EXIT = "exit"


class Result(models.TextChoices):
    ACCEPTED = "accepted"
    REFUSED = "refused"


class Method(models.TextChoices):
    CODE = "code"
    MANUAL = "manual"


class Reason(models.TextChoices):
    """Why a scan was answered as it was. Permanent: doors and reports branch on these."""

    OK = "ok"
    UNKNOWN_CODE = "unknown_code"
    BAD_SIGNATURE = "bad_signature"
    CODE_EXPIRED = "code_expired"
    CODE_REVOKED = "code_revoked"
    CODE_REPLAYED = "code_replayed"
    CUSTOMER_INACTIVE = "customer_inactive"
    NO_SUBSCRIPTION = "no_subscription"
    NOT_STARTED = "not_started"
    SUBSCRIPTION_EXPIRED = "subscription_expired"
    SUBSCRIPTION_FROZEN = "subscription_frozen"
    NO_CREDITS = "no_credits"
    OUTSIDE_HOURS = "outside_hours"
    ALREADY_INSIDE = "already_inside"
    LOCATION_FULL = "location_full"
    EVENT_NOT_OPEN = "event_not_open"
    EVENT_FULL = "event_full"
    NOT_BOOKED = "not_booked"


class EventType(models.TextChoices):
    """What the feed tells of."""

    CHECK_IN = "check_in"
    ANNULMENT = "annulment"
