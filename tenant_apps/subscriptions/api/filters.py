from django_filters import rest_framework as filters

from platform_shared.kit.filters import FilterSet
from tenant_apps.subscriptions.models import Subscription


class SubscriptionFilter(FilterSet):
    customer = filters.UUIDFilter(field_name="customer_id")

    class Meta:
        model = Subscription
        fields = ("status", "type")
