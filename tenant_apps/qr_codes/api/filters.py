from django_filters import rest_framework as filters

from platform_shared.kit.filters import FilterSet
from tenant_apps.qr_codes.models import QRCode


class QRCodeFilter(FilterSet):
    customer = filters.UUIDFilter(field_name="customer_id")

    class Meta:
        model = QRCode
        fields = ()
