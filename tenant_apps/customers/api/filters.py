from django_filters import rest_framework as filters

from platform_shared.kit import emails
from platform_shared.kit.filters import FilterSet
from tenant_apps.customers.models import Customer


class CustomerFilter(FilterSet):
    email = filters.CharFilter(method="by_email", label="Exact, whatever its case.")

    class Meta:
        model = Customer
        fields = ("is_active",)

    def by_email(self, queryset: object, name: str, value: str) -> object:
        return queryset.filter(email=emails.normalise(value))  # type: ignore[attr-defined]
