from typing import ClassVar

from rest_framework import serializers

from platform_shared.kit import clock
from platform_shared.kit.listing import Expansion
from platform_shared.kit.serializers import StrictSerializer
from tenant_apps.customers.api.serializers import CUSTOMER
from tenant_apps.qr_codes import services
from tenant_apps.qr_codes.enums import Paper
from tenant_apps.qr_codes.models import QRCode
from tenant_apps.subscriptions.api.serializers import SUBSCRIPTION


class QRCodeSerializer(serializers.ModelSerializer[QRCode]):
    code = serializers.SerializerMethodField(help_text="The text that the QR image carries.")
    customer = serializers.UUIDField(source="customer_id")
    subscription = serializers.UUIDField(source="subscription_id", allow_null=True)
    is_active = serializers.SerializerMethodField()

    class Meta:
        model = QRCode
        fields = (
            "id",
            "code",
            "kind",
            "label",
            "customer",
            "subscription",
            "is_active",
            "expires_at",
            "printed_at",
            "created_at",
        )
        expansions: ClassVar[tuple[Expansion, ...]] = (CUSTOMER, SUBSCRIPTION)

    def get_code(self, code: QRCode) -> str:
        return services.draw(code)

    def get_is_active(self, code: QRCode) -> bool:
        return code.is_active_at(clock.now())


class NewQRCodeSerializer(StrictSerializer):
    customer = serializers.UUIDField(source="customer_id")
    expires_at = serializers.DateTimeField(required=False, allow_null=True, default=None)
    label = serializers.CharField(  # type: ignore[assignment]
        max_length=80,
        required=False,
        allow_blank=True,
        default="",
        help_text="Tells several codes of a customer apart.",
    )


class ChangeQRCodeSerializer(StrictSerializer):
    is_active = serializers.BooleanField(
        required=False, help_text="false revokes the code, for good."
    )
    label = serializers.CharField(  # type: ignore[assignment]
        max_length=80, required=False, allow_blank=True
    )
    expires_at = serializers.DateTimeField(
        required=False,
        allow_null=True,
        help_text="Only as it is: the code's text carries it. Reissue the code with another one.",
    )


class ReissueSerializer(StrictSerializer):
    expires_at = serializers.DateTimeField(
        required=False, allow_null=True, help_text="As before when it is left out; null: never."
    )
    label = serializers.CharField(  # type: ignore[assignment]
        max_length=80, required=False, allow_blank=True, help_text="As before when it is left out."
    )


class NewSheetSerializer(StrictSerializer):
    codes = serializers.ListField(
        source="code_ids",
        child=serializers.UUIDField(),
        min_length=1,
        max_length=200,
        help_text="A card for each, in this order.",
    )
    paper = serializers.ChoiceField(
        choices=Paper.choices,
        default=Paper.A4,
        help_text="Sheets to cut, or `card`: one a page in the card's own size, for card printers.",
    )
