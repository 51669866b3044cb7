from uuid import UUID

from django.db.models import QuerySet
from django_filters import rest_framework as filters

from platform_shared.kit.filters import FilterSet
from tenant_apps.checkins import selectors
from tenant_apps.checkins.models import CheckIn


class CheckInFilter(FilterSet):
    """The log by time (half-open), customer, result, reason, kind and location."""

    since = filters.IsoDateTimeFilter(field_name="scanned_at", lookup_expr="gte")
    until = filters.IsoDateTimeFilter(field_name="scanned_at", lookup_expr="lt")
    customer = filters.UUIDFilter(method="by_customer")
    location = filters.UUIDFilter(field_name="location_id")

    class Meta:
        model = CheckIn
        fields = ("result", "reason", "kind", "method")

    def by_customer(self, queryset: QuerySet[CheckIn], name: str, value: UUID) -> QuerySet[CheckIn]:
        return selectors.of_customer(queryset, value)


class InsideFilter(FilterSet):
    """Who is inside, by the location of the entry."""

    location = filters.UUIDFilter(field_name="location_id")

    class Meta:
        model = CheckIn
        fields = ()
