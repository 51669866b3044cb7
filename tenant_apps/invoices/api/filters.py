from django_filters import rest_framework as filters

from platform_shared.kit.filters import FilterSet
from tenant_apps.invoices.models import Invoice


class InvoiceFilter(FilterSet):
    customer = filters.UUIDFilter(field_name="customer_id")

    class Meta:
        model = Invoice
        fields = ("status",)
