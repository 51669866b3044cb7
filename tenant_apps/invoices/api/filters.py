import re
from typing import Any

from django.core.validators import RegexValidator
from django.db.models import QuerySet
from django_filters import rest_framework as filters

from platform_shared.kit.filters import FilterSet, MomentFilter
from tenant_apps.invoices.enums import InvoiceStatus
from tenant_apps.invoices.models import Invoice

NUMBER = re.compile(r"[0-9]{4}-[0-9]{6,9}\Z")


class InvoiceFilter(FilterSet):
    since = MomentFilter("issued_at", "gte", label="Issued then or later.")
    until = MomentFilter("issued_at", "lt", label="Issued before then.")
    customer = filters.UUIDFilter(label="To whom.")
    number = filters.CharFilter(
        method="by_number", label="As printed: `2026-000001`.", validators=[RegexValidator(NUMBER)]
    )
    status = filters.ChoiceFilter(choices=InvoiceStatus.choices, label="Whether it is paid.")

    class Meta:
        model = Invoice
        fields = ()

    def by_number(self, rows: QuerySet[Invoice], name: str, value: str) -> Any:
        year, sequence = value.split("-")
        return rows.filter(year=int(year), sequence=int(sequence))
