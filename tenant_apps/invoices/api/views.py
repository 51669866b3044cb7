from uuid import UUID

from platform_shared.kit.access import Permission
from platform_shared.kit.openapi import operation
from platform_shared.kit.views import ApiView, Request, Response
from tenant_apps.invoices import selectors
from tenant_apps.invoices.api import serializers
from tenant_apps.invoices.api.filters import InvoiceFilter


class InvoicesView(ApiView):
    access = {"GET": Permission.INVOICES_VIEW}
    queryset = selectors.list_invoices()
    filterset_class = InvoiceFilter
    orderings = selectors.ORDERINGS

    @operation("listInvoices", "Invoices", answers=serializers.InvoiceSerializer(many=True))
    def get(self, request: Request) -> Response:
        """The club's invoices, newest first."""
        return self.page(selectors.list_invoices(), serializers.InvoiceSerializer)


class InvoiceView(ApiView):
    access = {"GET": Permission.INVOICES_VIEW}

    @operation("getInvoice", "Invoices", answers=serializers.InvoiceSerializer)
    def get(self, request: Request, invoice_id: UUID) -> Response:
        """One invoice with its lines and taxes."""
        return self.one(selectors.get_invoice(invoice_id), serializers.InvoiceSerializer)
