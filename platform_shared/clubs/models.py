"""Clubs, their hosts, and support sessions: the platform's own records."""

from datetime import time

from django.db import models
from django_tenants.models import DomainMixin, TenantMixin

from platform_shared.clubs.enums import ClubStatus
from platform_shared.kit.ids import new_id


class Club(TenantMixin):  # type: ignore[misc]
    """A tenant. Its schema is made by provisioning, never by saving the row."""

    auto_create_schema = False

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    name = models.CharField(max_length=120)
    slug = models.SlugField(max_length=40, unique=True)
    plan = models.ForeignKey("plans.Plan", on_delete=models.PROTECT, related_name="+")
    status = models.CharField(max_length=12, choices=ClubStatus.choices)
    time_zone = models.CharField(max_length=64)
    currency = models.CharField(max_length=3)
    locale = models.CharField(max_length=16, default="en")
    created_at = models.DateTimeField()
    reentry_seconds = models.PositiveIntegerField(default=120)
    enforce_presence = models.BooleanField(default=False)
    transfer_activates_at_once = models.BooleanField(default=False)
    country = models.CharField(max_length=2, blank=True, default="", db_default="")
    self_registration = models.BooleanField(default=False, db_default=False)
    accepts_static_codes = models.BooleanField(default=True, db_default=True)
    capacity = models.PositiveIntegerField(null=True)
    night_at = models.TimeField(default=time(4), db_default=time(4))
    expiry_reminder_days = models.PositiveSmallIntegerField(default=7, db_default=7)
    # Of the sites whose pages may call the API from a browser.
    origins = models.JSONField(default=list, db_default=models.Value([], models.JSONField()))

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(status__in=ClubStatus.values), name="clubs_club_status"
            ),
        ]

    def __str__(self) -> str:
        return self.slug


class Host(DomainMixin):  # type: ignore[misc]
    """A host name on which a club answers."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)

    def __str__(self) -> str:
        return str(self.domain)


class SupportSession(models.Model):
    """A system admin's permission to work inside one club for a while."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    club = models.ForeignKey(Club, on_delete=models.CASCADE, related_name="+")
    admin_id = models.UUIDField()
    admin_email = models.EmailField()
    reason = models.CharField(max_length=500)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.admin_email} at {self.club_id}"


class SupportAction(models.Model):
    """A write that a support session asked for, recorded before it is carried out."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    session = models.ForeignKey(SupportSession, on_delete=models.CASCADE, related_name="actions")
    method = models.CharField(max_length=8)
    path = models.CharField(max_length=500)
    request_id = models.CharField(max_length=64)
    occurred_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.method} {self.path}"
