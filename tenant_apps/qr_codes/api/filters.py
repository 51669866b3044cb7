from django_filters import rest_framework as filters

from tenant_apps.qr_codes.models import QRCode


class QRCodeFilter(filters.FilterSet):
    customer = filters.UUIDFilter(field_name="customer_id")

    class Meta:
        model = QRCode
        fields = ()
