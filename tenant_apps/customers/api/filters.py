from typing import Any

from django.db.models import QuerySet
from django_filters import rest_framework as filters

from platform_shared.kit.filters import FilterSet
from tenant_apps.customers import selectors
from tenant_apps.customers.models import Customer, ImportRow

Rows = QuerySet[Customer]


class CustomerFilter(FilterSet):
    search = filters.CharFilter(
        method="by_search",
        label="Beginnings of words of the name, or of the e-mail, or of a phone number as dialled.",
        max_length=100,
    )
    email = filters.CharFilter(method="by_email", label="Exact, whatever its case.")
    tag = filters.CharFilter(method="by_tag", label="Exact, whatever its case and accents.")
    guardian = filters.UUIDFilter(field_name="guardian_id")

    class Meta:
        model = Customer
        fields = ("is_active",)

    def by_search(self, queryset: Rows, name: str, value: str) -> Any:
        return queryset.filter(pk__in=selectors.found_by(value).values("pk"))

    def by_email(self, queryset: Rows, name: str, value: str) -> Any:
        return queryset.filter(pk__in=selectors.with_email(value))

    def by_tag(self, queryset: Rows, name: str, value: str) -> Any:
        return queryset.filter(pk__in=selectors.with_tag(value))


class ImportRowFilter(FilterSet):
    class Meta:
        model = ImportRow
        fields = ("fate",)
