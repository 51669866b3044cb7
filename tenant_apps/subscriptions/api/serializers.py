from rest_framework import serializers

from platform_shared.kit.serializers import StrictSerializer
from tenant_apps.packages.api.serializers import TERMS, TermsSerializer
from tenant_apps.subscriptions.models import Subscription


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
            "credits",
            "used_credits",
            "credits_left",
            "created_at",
        )


class NewSubscriptionSerializer(StrictSerializer):
    customer = serializers.UUIDField(source="customer_id")
    package = serializers.UUIDField(source="package_id")
    starts_at = serializers.DateTimeField(required=False, allow_null=True, default=None)
