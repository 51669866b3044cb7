from django_filters import rest_framework as filters

from tenant_apps.packages.models import Package


class PackageFilter(filters.FilterSet):
    class Meta:
        model = Package
        fields = ("type", "is_active", "is_public")
