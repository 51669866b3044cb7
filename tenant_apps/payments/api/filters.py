from django_filters import rest_framework as filters

from platform_shared.kit.filters import FilterSet, MomentFilter
from tenant_apps.payments.enums import PaymentMethod, PaymentStatus
from tenant_apps.payments.models import Payment


class PaymentFilter(FilterSet):
    since = MomentFilter("paid_at", "gte", label="Paid then or later.", is_nullable=True)
    until = MomentFilter("paid_at", "lt", label="Paid before then.", is_nullable=True)
    customer = filters.UUIDFilter(
        field_name="invoice__customer_id", label="To whom the invoice is made out."
    )
    invoice = filters.UUIDFilter(label="What it is for.")
    status = filters.ChoiceFilter(choices=PaymentStatus.choices, label="Whether it has come.")
    method = filters.ChoiceFilter(choices=PaymentMethod.choices, label="How it is paid.")

    class Meta:
        model = Payment
        fields = ()
