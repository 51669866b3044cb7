from django_filters import rest_framework as filters

from platform_shared.kit.filters import FilterSet, MomentFilter
from tenant_apps.packages.enums import PackageType
from tenant_apps.subscriptions.enums import SubscriptionStatus
from tenant_apps.subscriptions.models import Subscription


class SubscriptionFilter(FilterSet):
    starts_since = MomentFilter("starts_at", "gte", label="Starts then or later.")
    starts_until = MomentFilter("starts_at", "lt", label="Starts before then.")
    ends_since = MomentFilter("ends_at", "gte", label="Ends then or later.", is_nullable=True)
    ends_until = MomentFilter("ends_at", "lt", label="Ends before then.", is_nullable=True)
    customer = filters.UUIDFilter(label="Whose it is; what others share with them is not.")
    package = filters.UUIDFilter(label="What was bought.")
    status = filters.ChoiceFilter(choices=SubscriptionStatus.choices, label="Where it stands.")
    type = filters.ChoiceFilter(choices=PackageType.choices, label="Visits, or a period.")

    class Meta:
        model = Subscription
        fields = ()
