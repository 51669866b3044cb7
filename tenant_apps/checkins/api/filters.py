from uuid import UUID

from django.db.models import QuerySet
from django_filters import rest_framework as filters

from platform_shared.kit.filters import FilterSet, MomentFilter
from tenant_apps.checkins import selectors
from tenant_apps.checkins.enums import Kind, Method, Reason, Result
from tenant_apps.checkins.models import CheckIn


class CheckInFilter(FilterSet):
    """The log by time (half-open), by who and where, and by what became of the scan."""

    since = MomentFilter("scanned_at", "gte", label="Scanned then or later.")
    until = MomentFilter("scanned_at", "lt", label="Scanned before then.")
    customer = filters.UUIDFilter(
        method="by_customer", label="Whose; scans of who was merged into them are theirs."
    )
    subscription = filters.UUIDFilter(label="The one used, or the one nearest to usable.")
    location = filters.UUIDFilter(label="Where.")
    scan_id = filters.UUIDFilter(label="The one that the door chose.")
    result = filters.ChoiceFilter(choices=Result.choices, label="What the door answered.")
    reason = filters.ChoiceFilter(choices=Reason.choices, label="Why it answered so.")
    kind = filters.ChoiceFilter(choices=Kind.choices, label="Coming or going.")
    method = filters.ChoiceFilter(choices=Method.choices, label="By a code, or without one.")

    class Meta:
        model = CheckIn
        fields = ()

    def by_customer(self, queryset: QuerySet[CheckIn], name: str, value: UUID) -> QuerySet[CheckIn]:
        return selectors.of_customer(queryset, value)


class InsideFilter(FilterSet):
    """Who is inside, by the location of the entry."""

    location = filters.UUIDFilter(label="Where they came in.")

    class Meta:
        model = CheckIn
        fields = ()
