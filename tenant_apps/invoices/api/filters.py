from django_filters import rest_framework as filters

from tenant_apps.invoices.models import Invoice


class InvoiceFilter(filters.FilterSet):
    customer = filters.UUIDFilter(field_name="customer_id")

    class Meta:
        model = Invoice
        fields = ("status",)
