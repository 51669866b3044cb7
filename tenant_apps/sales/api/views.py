from uuid import UUID

from platform_shared.kit import clock
from platform_shared.kit.access import Permission
from platform_shared.kit.openapi import operation
from platform_shared.kit.views import ApiView, Request, Response
from tenant_apps.customers.errors import CustomerInactive, CustomerMerged
from tenant_apps.packages.errors import PackageInactive
from tenant_apps.payments.api.serializers import PaymentSerializer
from tenant_apps.payments.errors import PaymentNotPending
from tenant_apps.qr_codes.errors import CodeKindNotAccepted
from tenant_apps.sales import services
from tenant_apps.sales.api import serializers
from tenant_apps.subscriptions.errors import ChangeNotAllowed, PurchaseLimitReached, TrialUsed


class SalesView(ApiView):
    """Selling at the desk."""

    access = {"POST": Permission.SALES_CREATE}

    @operation(
        "createSale",
        "Sales",
        body=serializers.NewSaleSerializer,
        answers={201: serializers.SaleSerializer},
        errors=(
            CodeKindNotAccepted,
            CustomerInactive,
            CustomerMerged,
            PackageInactive,
            PurchaseLimitReached,
            TrialUsed,
        ),
    )
    def post(self, request: Request) -> Response:
        data = self.valid(serializers.NewSaleSerializer)
        sale = services.sell_at_desk(**data, now=clock.now(), actor=self.caller.actor)
        return Response(serializers.SaleSerializer(sale).data, status=201)


class PaymentConfirmationView(ApiView):
    """A transfer has come."""

    access = {"POST": Permission.PAYMENTS_CONFIRM}

    @operation(
        "confirmPayment",
        "Payments",
        answers=PaymentSerializer,
        errors=(ChangeNotAllowed, PaymentNotPending),
    )
    def post(self, request: Request, payment_id: UUID) -> Response:
        payment = services.confirm_payment(
            payment_id=payment_id, now=clock.now(), actor=self.caller.actor
        )
        return Response(PaymentSerializer(payment).data)
