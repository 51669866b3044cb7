from django_filters import rest_framework as filters

from platform_shared.accounts.enums import StaffRole
from platform_shared.accounts.models import User
from platform_shared.kit.filters import BooleanFilter, FilterSet


class AccountFilter(FilterSet):
    is_active = BooleanFilter(label="Whether they can sign in.")

    class Meta:
        model = User
        fields = ()


class StaffFilter(AccountFilter):
    role = filters.ChoiceFilter(choices=StaffRole.choices, label="What they are here.")

    class Meta(AccountFilter.Meta):
        pass
