from typing import Any

from django.db.models import QuerySet

from platform_shared.kit.filters import BooleanFilter, FilterSet
from tenant_apps.packages.models import Package


class PackageFilter(FilterSet):
    """Without ``is_archived`` the archived ones are left out: that is what archiving is for."""

    is_archived = BooleanFilter(method="by_archived", label="Archived ones alone, or none of them.")

    class Meta:
        model = Package
        fields = ("type", "is_active", "is_public", "purpose")

    def by_archived(self, queryset: QuerySet[Package], name: str, value: bool) -> Any:
        return queryset.filter(archived_at__isnull=not value)

    def filter_queryset(self, queryset: QuerySet[Package]) -> Any:
        asked = self.form.cleaned_data["is_archived"] is not None
        return super().filter_queryset(queryset if asked else queryset.filter(archived_at=None))
