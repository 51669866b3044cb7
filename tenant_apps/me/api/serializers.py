from typing import Any, ClassVar
from uuid import UUID

from rest_framework import serializers

from tenant_apps.customers.api.serializers import CustomerSerializer
from tenant_apps.customers.fields import EmergencyContactSerializer, ReachSerializer
from tenant_apps.payments.api.serializers import ListedPaymentSerializer, PaymentSerializer
from tenant_apps.subscriptions.api.serializers import (
    CreditEntrySerializer,
    SubscriptionSerializer,
)
from tenant_apps.subscriptions.models import Subscription


class HomeLocationSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField(source="location.id")
    name = serializers.CharField(source="location.name")


class MyCustomerSerializer(CustomerSerializer):
    """A customer's record as they see it: without the club's notes and tags."""

    locations = HomeLocationSerializer(  # type: ignore[assignment]
        source="home_locations", many=True
    )

    class Meta(CustomerSerializer.Meta):
        fields = (  # type: ignore[assignment]
            "id",
            "name",
            "email",
            "phone",
            "phone_e164",
            "birth_date",
            "address",
            "emergency_contact",
            "locations",
            "is_active",
            "photo_url",
            "created_at",
        )
        prefetches: ClassVar[dict[str, str]] = {}


class ChangeMyCustomerSerializer(ReachSerializer):
    """How to reach them; by name, birth date and e-mail the club knows who they are."""

    emergency_contact = EmergencyContactSerializer(required=False, allow_null=True)


class MySubscriptionSerializer(SubscriptionSerializer):
    """A subscription that a customer may use."""

    is_own = serializers.BooleanField(help_text="false: somebody shares it with them.")
    customer = serializers.SerializerMethodField(  # type: ignore[assignment]
        help_text="Null when it is somebody else's."
    )
    shared_by = serializers.SerializerMethodField(help_text="The name of who shares it, or null.")

    class Meta(SubscriptionSerializer.Meta):
        fields = (  # type: ignore[assignment]
            *SubscriptionSerializer.Meta.fields,
            "is_own",
            "shared_by",
        )
        expansions = ()

    def get_customer(self, subscription: Subscription) -> UUID | None:
        return subscription.customer_id if self._is_own(subscription) else None

    def get_shared_by(self, subscription: Subscription) -> str | None:
        return None if self._is_own(subscription) else subscription.customer.name

    @staticmethod
    def _is_own(subscription: Any) -> bool:
        return bool(subscription.is_own)


class MyCreditEntrySerializer(CreditEntrySerializer):
    """A line of the ledger; who wrote it, and why, is the club's business."""

    class Meta(CreditEntrySerializer.Meta):
        fields = (  # type: ignore[assignment]
            "id",
            "kind",
            "amount",
            "balance_after",
            "check_in",
            "occurred_at",
        )


class MyPaymentSerializer(ListedPaymentSerializer):
    class Meta(ListedPaymentSerializer.Meta):
        fields = (  # type: ignore[assignment]
            *PaymentSerializer.Meta.fields,
            "invoice_number",
        )
        expansions = ()
