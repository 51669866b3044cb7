from typing import Any

from django.db.models import QuerySet
from django_filters import rest_framework as filters

from platform_shared.kit.filters import BooleanFilter, FilterSet
from tenant_apps.packages.enums import PackageType, Purpose
from tenant_apps.packages.models import Package


class PackageFilter(FilterSet):
    """Without ``is_archived`` the archived ones are left out: that is what archiving is for."""

    is_archived = BooleanFilter(method="by_archived", label="Archived ones alone, or none of them.")

    type = filters.ChoiceFilter(choices=PackageType.choices, label="Visits, or a period.")
    purpose = filters.ChoiceFilter(choices=Purpose.choices, label="Whom it is for.")
    is_active = BooleanFilter(label="Whether it is sold.")
    is_public = BooleanFilter(label="Whether customers see it.")

    class Meta:
        model = Package
        fields = ()

    def by_archived(self, queryset: QuerySet[Package], name: str, value: bool) -> Any:
        return queryset.filter(archived_at__isnull=not value)

    def filter_queryset(self, queryset: QuerySet[Package]) -> Any:
        asked = self.form.cleaned_data["is_archived"] is not None
        return super().filter_queryset(queryset if asked else queryset.filter(archived_at=None))
