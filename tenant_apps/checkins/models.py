"""Check-ins and annulments: added, never changed."""

from typing import Any

from django.db import models

from platform_shared.kit.ids import new_id
from platform_shared.kit.principal import ActorStamp
from platform_shared.tenancy.commit_order import RecordedIn
from tenant_apps.checkins.enums import Kind, Method, Reason, Result


class CheckIn(ActorStamp):
    """One scan and its answer. The code itself is never stored.

    ``subscription`` is the one used, or the one nearest to usable; charged is what ``lot`` says.
    ``credits_left`` and ``subscription_ends_at`` are those of the answer, so that a repeated
    ``scan_id`` gets the same one.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    scan_id = models.UUIDField(unique=True)
    request_hash = models.BinaryField(max_length=32)
    kind = models.CharField(max_length=5, choices=Kind.choices)
    method = models.CharField(max_length=6, choices=Method.choices)
    result = models.CharField(max_length=8, choices=Result.choices)
    reason = models.CharField(max_length=20, choices=Reason.choices)
    scanned_at = models.DateTimeField()
    customer = models.ForeignKey(
        "customers.Customer", on_delete=models.PROTECT, null=True, related_name="check_ins"
    )
    location = models.ForeignKey(
        "locations.Location", on_delete=models.PROTECT, null=True, related_name="+"
    )
    qr_code = models.ForeignKey(
        "qr_codes.QRCode", on_delete=models.PROTECT, null=True, related_name="+"
    )
    subscription = models.ForeignKey(
        "subscriptions.Subscription", on_delete=models.PROTECT, null=True, related_name="+"
    )
    lot = models.ForeignKey(
        "subscriptions.CreditLot", on_delete=models.PROTECT, null=True, related_name="+"
    )
    credits_left = models.IntegerField(null=True)
    subscription_ends_at = models.DateTimeField(null=True)
    judgement = models.JSONField(null=True)
    recorded_in = RecordedIn()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(result=Result.ACCEPTED, reason=Reason.OK)
                | (models.Q(result=Result.REFUSED, lot=None) & ~models.Q(reason=Reason.OK)),
                name="checkins_result_and_reason",
            ),
            models.CheckConstraint(
                condition=models.Q(kind=Kind.ENTRY) | models.Q(kind=Kind.EXIT, lot=None),
                name="checkins_exit_is_free",
            ),
        ]
        indexes = [
            models.Index(
                fields=["customer", "-scanned_at"],
                condition=models.Q(result=Result.ACCEPTED),
                name="checkins_accepted_of_customer",
            ),
            models.Index(fields=["scanned_at"], name="checkins_by_time"),
            models.Index(fields=["recorded_in", "id"], name="checkins_by_commit"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.result}: {self.reason}"

    @property
    def judged(self) -> dict[str, Any] | None:
        """The subscription of the answer, with its figures as they were then."""
        if self.subscription is None:
            return None
        return {
            "id": self.subscription_id,
            "package": self.subscription.package_name,
            "credits_left": self.credits_left,
            "ends_at": self.subscription_ends_at,
        }


class Annulment(ActorStamp):
    """A check-in taken back, once: its credit is returned and the door is open again."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    check_in = models.OneToOneField(CheckIn, on_delete=models.PROTECT, related_name="annulment")
    reason = models.CharField(max_length=500, blank=True)
    credit_returned = models.BooleanField()
    annulled_at = models.DateTimeField()
    recorded_in = RecordedIn()

    class Meta:
        indexes = [
            models.Index(fields=["recorded_in", "id"], name="checkins_annulments_by_commit"),
        ]

    def __str__(self) -> str:
        return f"annulment of {self.check_in_id}"
