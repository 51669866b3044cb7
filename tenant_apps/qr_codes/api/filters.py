from django.db.models import QuerySet
from django_filters import rest_framework as filters

from platform_shared.kit import clock
from platform_shared.kit.filters import BooleanFilter, FilterSet
from tenant_apps.qr_codes import selectors
from tenant_apps.qr_codes.models import QRCode


class QRCodeFilter(FilterSet):
    customer = filters.UUIDFilter(label="Whose.")
    subscription = filters.UUIDFilter(label="What it was issued with.")
    is_active = BooleanFilter(method="by_activity", label="Whether doors accept the code now.")
    is_printed = BooleanFilter(
        field_name="printed_at",
        lookup_expr="isnull",
        exclude=True,
        label="Whether the club has printed a card of it.",
    )

    class Meta:
        model = QRCode
        fields = ()

    def by_activity(self, rows: QuerySet[QRCode], name: str, value: bool) -> QuerySet[QRCode]:
        active = selectors.active_at(clock.now())
        return rows.filter(active if value else ~active)
