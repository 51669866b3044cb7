from uuid import UUID

from platform_shared.kit.access import Permission
from platform_shared.kit.openapi import operation
from platform_shared.kit.views import ApiView, Request, Response
from tenant_apps.payments import selectors
from tenant_apps.payments.api import serializers
from tenant_apps.payments.api.filters import PaymentFilter


class PaymentsView(ApiView):
    access = {"GET": Permission.PAYMENTS_VIEW}
    queryset = selectors.list_payments()
    filterset_class = PaymentFilter
    orderings = (selectors.BY_PAID_AT,)

    @operation("listPayments", "Payments", answers=serializers.ListedPaymentSerializer(many=True))
    def get(self, request: Request) -> Response:
        """The club's payments, newest first."""
        return self.page(selectors.list_payments(), serializers.ListedPaymentSerializer)


class PaymentView(ApiView):
    access = {"GET": Permission.PAYMENTS_VIEW}

    @operation("getPayment", "Payments", answers=serializers.ListedPaymentSerializer)
    def get(self, request: Request, payment_id: UUID) -> Response:
        """One payment."""
        return self.one(selectors.get_payment(payment_id), serializers.ListedPaymentSerializer)
