from platform_shared.kit.filters import FilterSet
from tenant_apps.packages.models import Package


class PackageFilter(FilterSet):
    class Meta:
        model = Package
        fields = ("type", "is_active", "is_public")
