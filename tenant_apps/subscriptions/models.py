"""Subscriptions, who shares them, their freezes and changes; credit lots and the ledger."""

from django.db import models

from platform_shared.kit.ids import new_id
from platform_shared.kit.ordering import or_never
from platform_shared.kit.principal import ActorStamp
from tenant_apps.packages.enums import PackageType, ValidFrom
from tenant_apps.packages.terms import Terms
from tenant_apps.packages.terms import constraints as terms_constraints
from tenant_apps.subscriptions.enums import Action, EntryKind, SubscriptionStatus


class Subscription(Terms, ActorStamp):
    """A package bought: its terms as they were then. ``ends_at`` is exclusive.

    ``credits - used_credits`` always equals the sum of the ledger's lines and what the lots still
    hold; both are null for periods, which have no lines.

    ``begun_at`` is the first visit where the duration is counted from it; until then there is no
    end. ``frozen_from`` and ``frozen_until`` are those of the freeze that runs or is planned; its
    length is in ``ends_at`` already, unless it has no end yet. ``reminded_of`` is the end that has
    been reminded of.
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
    activated_at = models.DateTimeField(null=True)
    begun_at = models.DateTimeField(null=True)
    frozen_from = models.DateTimeField(null=True)
    frozen_until = models.DateTimeField(null=True)
    cancel_at_end = models.BooleanField(default=False, db_default=False)
    reminded_of = models.DateTimeField(null=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            *terms_constraints("subscriptions_subscription"),
            models.CheckConstraint(
                condition=models.Q(frozen_until=None)
                | models.Q(frozen_from__isnull=False, frozen_until__gt=models.F("frozen_from")),
                name="subscriptions_subscription_freeze",
            ),
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
            models.Index(fields=["starts_at", "id"], name="subscriptions_by_starts_at"),
            models.Index(or_never("ends_at"), "id", name="subscriptions_by_ends_at"),
        ]

    def __str__(self) -> str:
        return f"{self.package_name} of {self.customer_id}"

    @property
    def waits_for_first_visit(self) -> bool:
        """Whether the duration is counted from a visit that has not been yet."""
        return self.valid_from == ValidFrom.FIRST_VISIT and self.begun_at is None

    @property
    def credits_left(self) -> int | None:
        if self.credits is None or self.used_credits is None:
            return None
        return self.credits - self.used_credits


class SubscriptionMember(ActorStamp):
    """Somebody who may use another customer's subscription; whose visit it was, a check-in says."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    subscription = models.ForeignKey(Subscription, on_delete=models.PROTECT, related_name="members")
    customer = models.ForeignKey(
        "customers.Customer", on_delete=models.PROTECT, related_name="memberships"
    )
    added_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["subscription", "customer"], name="subscriptions_member_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.customer_id} in {self.subscription_id}"


class Freeze(ActorStamp):
    """A span in which a subscription rests; half-open, without an end as long as that is open."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    subscription = models.ForeignKey(Subscription, on_delete=models.PROTECT, related_name="freezes")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(ends_at=None) | models.Q(ends_at__gt=models.F("starts_at")),
                name="subscriptions_freeze_ends_after_start",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.starts_at} to {self.ends_at}"


class SubscriptionChange(ActorStamp):
    """What was done to a subscription; the database refuses to change or delete a row."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    subscription = models.ForeignKey(Subscription, on_delete=models.PROTECT, related_name="changes")
    action = models.CharField(max_length=13, choices=Action.choices)
    status_before = models.CharField(max_length=9, choices=SubscriptionStatus.choices)
    status_after = models.CharField(max_length=9, choices=SubscriptionStatus.choices)
    reason = models.CharField(max_length=500, blank=True)
    detail = models.JSONField(default=dict)
    occurred_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.action}: {self.status_before} to {self.status_after}"


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
    change = models.ForeignKey(
        SubscriptionChange, on_delete=models.PROTECT, null=True, related_name="entries"
    )
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
