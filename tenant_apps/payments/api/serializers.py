from rest_framework import serializers

from platform_shared.kit.serializers import MoneySerializer
from tenant_apps.payments.models import Payment


class PaymentSerializer(serializers.ModelSerializer[Payment]):
    invoice = serializers.UUIDField(source="invoice_id")
    amount = MoneySerializer(source="money")

    class Meta:
        model = Payment
        fields = ("id", "invoice", "method", "status", "amount", "created_at", "paid_at")
