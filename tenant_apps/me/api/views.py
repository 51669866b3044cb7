"""The customer's own: the same rows as the club sees, narrowed to the caller."""

from uuid import UUID

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes

from platform_shared.kit import clock
from platform_shared.kit.access import Permission
from platform_shared.kit.errors import NotFound
from platform_shared.kit.openapi import operation
from platform_shared.kit.views import ApiView, Request, Response
from tenant_apps.checkins import selectors as checkin_selectors
from tenant_apps.checkins.api.serializers import ScanAnswerSerializer
from tenant_apps.customers import selectors as customer_selectors
from tenant_apps.customers.errors import CustomerMerged
from tenant_apps.invoices import selectors as invoice_selectors
from tenant_apps.invoices.api.serializers import InvoiceSerializer
from tenant_apps.me import selectors, services
from tenant_apps.me.api import serializers
from tenant_apps.payments import selectors as payment_selectors
from tenant_apps.qr_codes import selectors as code_selectors
from tenant_apps.qr_codes import services as code_services
from tenant_apps.qr_codes.api.serializers import QRCodeSerializer
from tenant_apps.qr_codes.api.views import FORMAT, PDF, card_response, image_response
from tenant_apps.qr_codes.errors import CodeNotActive, TextNotPrintable
from tenant_apps.subscriptions import selectors as subscription_selectors


class OwnView(ApiView):
    access = {"GET": Permission.OWN_VIEW}
    expandable = False  # what hangs on one's own things may be somebody else's

    @property
    def customer_id(self) -> UUID:
        """The caller's customer; an account that is no customer's gets 404."""
        return customer_selectors.get_by_user(self.account.user_id).id


class MyCustomerView(OwnView):
    """The club's record of the caller, but for what the club keeps for itself."""

    access = {"GET": Permission.OWN_VIEW, "PATCH": Permission.OWN_CHANGE}
    tagged_as = serializers.MyCustomerSerializer

    @operation(
        "getMyCustomer",
        "Me",
        answers=serializers.MyCustomerSerializer,
        errors=(NotFound,),
    )
    def get(self, request: Request) -> Response:
        record = selectors.get_record(self.account.user_id)
        return self.one(record, serializers.MyCustomerSerializer)

    @operation(
        "changeMyCustomer",
        "Me",
        body=serializers.ChangeMyCustomerSerializer,
        answers=serializers.MyCustomerSerializer,
        errors=(CustomerMerged, NotFound),
    )
    def patch(self, request: Request) -> Response:
        changes = self.valid(serializers.ChangeMyCustomerSerializer)
        record = services.change_record(
            user_id=self.account.user_id,
            changes=changes,
            now=clock.now(),
            precondition=self.precondition,
        )
        return Response(serializers.MyCustomerSerializer(record).data)


class MySubscriptionsView(OwnView):
    """What the customer has bought, and what others share with them."""

    orderings = subscription_selectors.ORDERINGS

    @operation(
        "listMySubscriptions",
        "Me",
        answers=serializers.MySubscriptionSerializer(many=True),
        errors=(NotFound,),
    )
    def get(self, request: Request) -> Response:
        rows = selectors.list_subscriptions(self.customer_id)
        return self.page(rows, serializers.MySubscriptionSerializer)


class MySubscriptionView(OwnView):
    @operation("getMySubscription", "Me", answers=serializers.MySubscriptionSerializer)
    def get(self, request: Request, subscription_id: UUID) -> Response:
        """One of the caller's own subscriptions, or one that is shared with them."""
        subscription = selectors.get_subscription(subscription_id, self.customer_id)
        return self.one(subscription, serializers.MySubscriptionSerializer)


class MyEntriesView(OwnView):
    """The ledger; of a subscription that somebody shares, the caller's own visits alone."""

    @operation("listMyCreditEntries", "Me", answers=serializers.MyCreditEntrySerializer(many=True))
    def get(self, request: Request, subscription_id: UUID) -> Response:
        rows = selectors.list_entries(subscription_id, self.customer_id)
        return self.page(rows, serializers.MyCreditEntrySerializer)


class MyQRCodesView(OwnView):
    has_secrets = True

    @operation("listMyQrCodes", "Me", answers=QRCodeSerializer(many=True), errors=(NotFound,))
    def get(self, request: Request) -> Response:
        """The caller's own codes, with the text that their QR images carry."""
        return self.page(code_selectors.list_of_customer(self.customer_id), QRCodeSerializer)


class MyQRCodeImageView(OwnView):
    @operation(
        "getMyQrCodeImage",
        "Me",
        parameters=[FORMAT],
        answers={
            (200, "image/png"): OpenApiTypes.BINARY,
            (200, "image/svg+xml"): OpenApiTypes.BINARY,
        },
    )
    def get(self, request: Request, code_id: UUID) -> HttpResponse:
        """The code as an image, to be shown at the door."""
        code = code_selectors.get_code(code_id, customer_id=self.customer_id)
        return image_response(request, code)


class MyQRCodeCardView(OwnView):
    """A card to print at home."""

    @operation(
        "getMyQrCodeCard",
        "Me",
        answers={(200, PDF): OpenApiTypes.BINARY},
        errors=(CodeNotActive, TextNotPrintable),
    )
    def get(self, request: Request, code_id: UUID) -> HttpResponse:
        code = code_selectors.get_code(code_id, customer_id=self.customer_id)
        return card_response(code_services.draw_card(code, now=clock.now()))


class MyCheckInsView(OwnView):
    """What a customer sees of the reports: their own visits."""

    access = {"GET": Permission.REPORTS_VIEW_OWN}
    orderings = (checkin_selectors.BY_TIME,)

    @operation("listMyCheckIns", "Me", answers=ScanAnswerSerializer(many=True), errors=(NotFound,))
    def get(self, request: Request) -> Response:
        rows = checkin_selectors.list_of_customer(self.customer_id)
        return self.page(rows, ScanAnswerSerializer)


class MyCheckInView(OwnView):
    access = {"GET": Permission.REPORTS_VIEW_OWN}

    @operation("getMyCheckIn", "Me", answers=ScanAnswerSerializer)
    def get(self, request: Request, check_in_id: UUID) -> Response:
        """One of the caller's own visits."""
        check_in = checkin_selectors.get_check_in(check_in_id, customer_id=self.customer_id)
        return self.one(check_in, ScanAnswerSerializer)


class MyInvoicesView(OwnView):
    orderings = invoice_selectors.ORDERINGS

    @operation("listMyInvoices", "Me", answers=InvoiceSerializer(many=True), errors=(NotFound,))
    def get(self, request: Request) -> Response:
        """The caller's own invoices, newest first."""
        return self.page(invoice_selectors.list_of_customer(self.customer_id), InvoiceSerializer)


class MyInvoiceView(OwnView):
    @operation("getMyInvoice", "Me", answers=InvoiceSerializer)
    def get(self, request: Request, invoice_id: UUID) -> Response:
        """One of the caller's own invoices."""
        invoice = invoice_selectors.get_invoice(invoice_id, customer_id=self.customer_id)
        return self.one(invoice, InvoiceSerializer)


class MyPaymentsView(OwnView):
    orderings = (payment_selectors.BY_PAID_AT,)

    @operation(
        "listMyPayments",
        "Me",
        answers=serializers.MyPaymentSerializer(many=True),
        errors=(NotFound,),
    )
    def get(self, request: Request) -> Response:
        """The caller's own payments, newest first."""
        rows = payment_selectors.list_of_customer(self.customer_id)
        return self.page(rows, serializers.MyPaymentSerializer)
