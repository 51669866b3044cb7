from typing import ClassVar

from rest_framework import serializers

from platform_shared.kit.listing import Expansion
from platform_shared.kit.serializers import MoneySerializer
from tenant_apps.invoices.api.serializers import INVOICE
from tenant_apps.payments.models import Payment


class PaymentSerializer(serializers.ModelSerializer[Payment]):
    invoice = serializers.UUIDField(source="invoice_id")
    amount = MoneySerializer(source="money")

    class Meta:
        model = Payment
        fields = ("id", "invoice", "method", "status", "amount", "created_at", "paid_at")


class ListedPaymentSerializer(PaymentSerializer):
    """A payment by itself: also whose, and for which invoice."""

    customer = serializers.UUIDField(source="invoice.customer_id")
    customer_name = serializers.CharField(source="invoice.customer_name")
    invoice_number = serializers.CharField(source="invoice.number")

    class Meta(PaymentSerializer.Meta):
        fields = (  # type: ignore[assignment]
            *PaymentSerializer.Meta.fields,
            "customer",
            "customer_name",
            "invoice_number",
        )
        expansions: ClassVar[tuple[Expansion, ...]] = (INVOICE,)
