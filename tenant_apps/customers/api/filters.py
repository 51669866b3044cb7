from django_filters import rest_framework as filters

from tenant_apps.customers.models import Customer


class CustomerFilter(filters.FilterSet):
    email = filters.CharFilter(method="by_email", label="Exact, whatever its case.")

    class Meta:
        model = Customer
        fields = ("is_active",)

    def by_email(self, queryset: object, name: str, value: str) -> object:
        return queryset.filter(email=value.strip().lower())  # type: ignore[attr-defined]
