from platform_shared.kit.filters import BooleanFilter, FilterSet
from tenant_apps.locations.models import Location


class LocationFilter(FilterSet):
    is_active = BooleanFilter(label="Whether it is in use.")

    class Meta:
        model = Location
        fields = ()
