from typing import Any, ClassVar

from rest_framework import serializers

from platform_shared.kit.access import Permission
from platform_shared.kit.listing import Expansion
from platform_shared.kit.serializers import MoneySerializer
from tenant_apps.customers.api.serializers import CUSTOMER
from tenant_apps.invoices import selectors
from tenant_apps.invoices.models import Invoice, InvoiceLine
from tenant_apps.packages.api.serializers import TaxRateField


class InvoiceLineSerializer(serializers.ModelSerializer[InvoiceLine]):
    subscription = serializers.UUIDField(source="subscription_id", allow_null=True)
    amount = serializers.IntegerField(help_text="Gross, in minor units.")
    tax_rate = TaxRateField(source="tax_rate_basis_points")

    class Meta:
        model = InvoiceLine
        fields = ("description", "subscription", "amount", "tax_rate", "tax_amount")


class InvoiceSerializer(serializers.ModelSerializer[Invoice]):
    customer = serializers.UUIDField(source="customer_id")
    total = MoneySerializer()
    tax = MoneySerializer()
    lines = InvoiceLineSerializer(many=True)

    class Meta:
        model = Invoice
        fields: Any = (
            "id",
            "number",
            "customer",
            "customer_name",
            "status",
            "total",
            "tax",
            "lines",
            "issued_at",
        )
        prefetches: ClassVar[dict[str, str]] = {"lines": "lines"}
        expansions: ClassVar[tuple[Expansion, ...]] = (CUSTOMER,)


INVOICE = Expansion(
    "invoice", lambda caller: selectors.list_invoices(), InvoiceSerializer, Permission.INVOICES_VIEW
)
