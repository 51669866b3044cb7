from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django_filters import rest_framework as filters

from platform_shared.kit.filters import BooleanFilter, FilterSet, MomentFilter
from tenant_apps.customers import selectors
from tenant_apps.customers.enums import RowFate
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
    guardian = filters.UUIDFilter(label="Whose wards.")
    location = filters.UUIDFilter(method="by_location", label="One of their home locations.")
    created_since = MomentFilter("created_at", "gte", label="Written down then or later.")
    created_until = MomentFilter("created_at", "lt", label="Written down before then.")
    is_active = BooleanFilter(label="Whether doors let them in.")

    class Meta:
        model = Customer
        fields = ()

    def by_search(self, queryset: Rows, name: str, value: str) -> Any:
        return queryset.filter(pk__in=selectors.found_by(value).values("pk"))

    def by_email(self, queryset: Rows, name: str, value: str) -> Any:
        return queryset.filter(pk__in=selectors.with_email(value))

    def by_tag(self, queryset: Rows, name: str, value: str) -> Any:
        return queryset.filter(pk__in=selectors.with_tag(value))

    def by_location(self, queryset: Rows, name: str, value: UUID) -> Any:
        return queryset.filter(pk__in=selectors.at_home_in(value))


class ImportRowFilter(FilterSet):
    fate = filters.ChoiceFilter(choices=RowFate.choices, label="What became of the row.")

    class Meta:
        model = ImportRow
        fields = ()
