from typing import Any

from rest_framework import serializers

from platform_shared.kit.serializers import StrictSerializer
from tenant_apps.invoices.api.serializers import InvoiceSerializer
from tenant_apps.payments.api.serializers import PaymentSerializer
from tenant_apps.payments.enums import PaymentMethod
from tenant_apps.qr_codes.api.serializers import QRCodeSerializer
from tenant_apps.subscriptions.api.serializers import SubscriptionSerializer


class NewSaleSerializer(StrictSerializer):
    customer = serializers.UUIDField(source="customer_id")
    package = serializers.UUIDField(source="package_id")
    method = serializers.ChoiceField(choices=PaymentMethod.choices)
    starts_at = serializers.DateTimeField(required=False, allow_null=True, default=None)


class SaleSerializer(serializers.Serializer[Any]):
    invoice = InvoiceSerializer()
    payment = PaymentSerializer()
    subscription = SubscriptionSerializer()
    qr_code = QRCodeSerializer()
