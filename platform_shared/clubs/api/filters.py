from django_filters import rest_framework as filters

from platform_shared.clubs.enums import ClubStatus
from platform_shared.clubs.models import Club
from platform_shared.kit.filters import FilterSet


class ClubFilter(FilterSet):
    slug = filters.CharFilter(label="Exact.")
    status = filters.ChoiceFilter(choices=ClubStatus.choices, label="Whether it is served.")
    plan = filters.CharFilter(field_name="plan__code", label="The code of what it rents.")

    class Meta:
        model = Club
        fields = ()
