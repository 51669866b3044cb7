"""Subscriptions, credit lots, and the ledger of credits."""

from django.db import models

from platform_shared.kit.ids import new_id
from platform_shared.kit.principal import ActorStamp
from tenant_apps.packages.enums import PackageType
from tenant_apps.packages.terms import Terms
from tenant_apps.packages.terms import constraints as terms_constraints
from tenant_apps.subscriptions.enums import EntryKind, SubscriptionStatus


class Subscription(Terms, ActorStamp):
    """A package bought: its terms as they were then. ``ends_at`` is exclusive.

    ``credits - used_credits`` always equals the sum of the ledger's lines and what the lots still
    hold; both are null for periods, which have no lines.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    customer = models.ForeignKey(
        "customers.Customer", on_delete=models.PROTECT, related_name="subscriptions"
    )
    package = models.ForeignKey("packages.Package", on_delete=models.PROTECT, related_name="+")
    package_name = models.CharField(max_length=120)
    status = models.CharField(max_length=9, choices=SubscriptionStatus.choices)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    credits = models.IntegerField(null=True)
    used_credits = models.IntegerField(null=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            *terms_constraints("subscriptions_subscription"),
            models.CheckConstraint(
                condition=models.Q(status__in=SubscriptionStatus.values),
                name="subscriptions_subscription_status",
            ),
            models.CheckConstraint(
                # Null compares as unknown, which a check lets pass: so null is ruled out by name.
                condition=models.Q(
                    type=PackageType.CREDITS,
                    credits__isnull=False,
                    used_credits__isnull=False,
                    used_credits__gte=0,
                    credits__gte=models.F("used_credits"),
                )
                | models.Q(type=PackageType.PERIOD, credits=None, used_credits=None),
                name="subscriptions_subscription_no_overdraw",
            ),
            models.CheckConstraint(
                condition=models.Q(ends_at=None) | models.Q(ends_at__gt=models.F("starts_at")),
                name="subscriptions_subscription_ends_after_start",
            ),
        ]
        indexes = [
            models.Index(fields=["customer", "status"], name="subscriptions_by_customer"),
            models.Index(fields=["starts_at"], name="subscriptions_by_start"),
        ]

    def __str__(self) -> str:
        return f"{self.package_name} of {self.customer_id}"

    @property
    def credits_left(self) -> int | None:
        if self.credits is None or self.used_credits is None:
            return None
        return self.credits - self.used_credits


class CreditLot(models.Model):
    """Credits granted together, which end together; draws take the lot that ends first."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    subscription = models.ForeignKey(Subscription, on_delete=models.PROTECT, related_name="lots")
    granted = models.PositiveIntegerField()
    remaining = models.IntegerField()
    ends_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(remaining__gte=0, remaining__lte=models.F("granted")),
                name="subscriptions_lot_no_overdraw",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.remaining} of {self.granted}"


class CreditEntry(ActorStamp):
    """A line of the ledger; the database refuses to change or delete one."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    subscription = models.ForeignKey(Subscription, on_delete=models.PROTECT, related_name="entries")
    lot = models.ForeignKey(CreditLot, on_delete=models.PROTECT, related_name="entries")
    kind = models.CharField(max_length=10, choices=EntryKind.choices)
    amount = models.IntegerField()
    balance_after = models.IntegerField()
    check_in_id = models.UUIDField(null=True)
    occurred_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(balance_after__gte=0), name="subscriptions_entry_no_overdraw"
            ),
            models.CheckConstraint(
                condition=models.Q(kind=EntryKind.GRANT, amount__gt=0, check_in_id=None)
                | models.Q(kind=EntryKind.CHECK_IN, amount=-1, check_in_id__isnull=False)
                | models.Q(kind=EntryKind.ANNULMENT, amount=1, check_in_id__isnull=False)
                | models.Q(kind=EntryKind.EXPIRY, amount__lt=0, check_in_id=None)
                | (models.Q(kind=EntryKind.ADJUSTMENT, check_in_id=None) & ~models.Q(amount=0)),
                name="subscriptions_entry_kind_and_amount",
            ),
            models.UniqueConstraint(
                fields=["check_in_id", "kind"],
                condition=models.Q(check_in_id__isnull=False),
                name="subscriptions_entry_once_per_check_in",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.amount:+d}"
