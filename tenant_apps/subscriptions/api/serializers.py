from typing import Any, ClassVar

from rest_framework import serializers

from platform_shared.kit.access import Permission
from platform_shared.kit.listing import Expansion
from platform_shared.kit.serializers import ActorSerializer, StrictSerializer
from tenant_apps.customers.api.serializers import CUSTOMER
from tenant_apps.packages.api.serializers import (
    PACKAGE,
    TERMS,
    DurationSerializer,
    TermsSerializer,
)
from tenant_apps.subscriptions import selectors
from tenant_apps.subscriptions.models import (
    CreditEntry,
    Subscription,
    SubscriptionChange,
    SubscriptionMember,
)


class SubscriptionSerializer(TermsSerializer):
    """A package bought, on the terms of then."""

    customer = serializers.UUIDField(source="customer_id")
    package = serializers.UUIDField(source="package_id")
    credits_left = serializers.IntegerField(allow_null=True)

    class Meta:
        model = Subscription
        fields = (
            "id",
            "customer",
            "package",
            "package_name",
            *TERMS,
            "status",
            "starts_at",
            "ends_at",
            "ended_at",
            "begun_at",
            "frozen_from",
            "frozen_until",
            "cancel_at_end",
            "credits",
            "used_credits",
            "credits_left",
            "created_at",
        )
        expansions: ClassVar[tuple[Expansion, ...]] = (CUSTOMER, PACKAGE)


SUBSCRIPTION = Expansion(
    "subscription",
    lambda caller: selectors.list_subscriptions(),
    SubscriptionSerializer,
    Permission.SUBSCRIPTIONS_VIEW,
)


class NewSubscriptionSerializer(StrictSerializer):
    customer = serializers.UUIDField(source="customer_id")
    package = serializers.UUIDField(source="package_id")
    starts_at = serializers.DateTimeField(required=False, allow_null=True, default=None)


class ChangeSubscriptionSerializer(StrictSerializer):
    cancel_at_end = serializers.BooleanField(
        help_text="true: it runs to its end and is not renewed; false takes that back."
    )


class ReasonSerializer(StrictSerializer):
    """Why; kept with the change."""

    reason = serializers.CharField(max_length=500, required=False, allow_blank=True, default="")


class FreezeSerializer(ReasonSerializer):
    """A span to rest in; from now on when it does not say, and open when it has no end."""

    starts_at = serializers.DateTimeField(required=False, allow_null=True, default=None)
    ends_at = serializers.DateTimeField(required=False, allow_null=True, default=None)


class ExtensionSerializer(StrictSerializer):
    duration = DurationSerializer()
    reason = serializers.CharField(max_length=500)


class AdjustmentSerializer(StrictSerializer):
    credits = serializers.IntegerField(
        source="amount",
        min_value=-100_000,
        max_value=100_000,
        help_text="Given when above zero, taken when below.",
    )
    reason = serializers.CharField(max_length=500)

    def validate_credits(self, value: int) -> int:
        if value == 0:
            raise serializers.ValidationError("Must not be zero.", "out_of_range")
        return value


class TransferSerializer(ReasonSerializer):
    customer = serializers.UUIDField(source="customer_id")


class NewMemberSerializer(StrictSerializer):
    customer = serializers.UUIDField(source="customer_id")


class MemberSerializer(serializers.ModelSerializer[SubscriptionMember]):
    customer = serializers.UUIDField(source="customer_id")
    customer_name = serializers.CharField(source="customer.name")
    added_by = ActorSerializer(source="actor")

    class Meta:
        model = SubscriptionMember
        fields = ("id", "customer", "customer_name", "added_at", "added_by")
        expansions: ClassVar[tuple[Expansion, ...]] = (CUSTOMER,)


class CreditEntrySerializer(serializers.ModelSerializer[CreditEntry]):
    """A line of the ledger."""

    lot = serializers.UUIDField(source="lot_id")
    check_in = serializers.UUIDField(source="check_in_id", allow_null=True)
    reason = serializers.SerializerMethodField()
    written_by = ActorSerializer(source="actor")

    class Meta:
        model = CreditEntry
        fields = (
            "id",
            "kind",
            "amount",
            "balance_after",
            "lot",
            "check_in",
            "reason",
            "occurred_at",
            "written_by",
        )

    def get_reason(self, entry: CreditEntry) -> str:
        return entry.change.reason if entry.change else ""


class SubscriptionChangeSerializer(serializers.ModelSerializer[SubscriptionChange]):
    """What was done to a subscription, by whom, and why."""

    detail: Any = serializers.DictField()
    changed_by = ActorSerializer(source="actor")

    class Meta:
        model = SubscriptionChange
        fields = (
            "id",
            "action",
            "status_before",
            "status_after",
            "reason",
            "detail",
            "occurred_at",
            "changed_by",
        )
