from django_filters import rest_framework as filters

from platform_shared.kit.filters import FilterSet
from tenant_apps.payments.models import Payment


class PaymentFilter(FilterSet):
    customer = filters.UUIDFilter(field_name="invoice__customer_id")
    invoice = filters.UUIDFilter(field_name="invoice_id")

    class Meta:
        model = Payment
        fields = ("status", "method")
