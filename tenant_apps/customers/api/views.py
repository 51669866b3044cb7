from uuid import UUID

from django.http import StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter

from platform_shared.accounts.api.serializers import IssuedPasswordLinkSerializer
from platform_shared.accounts.errors import EmailTaken
from platform_shared.kit import clock
from platform_shared.kit.access import Permission
from platform_shared.kit.openapi import operation
from platform_shared.kit.views import ApiView, Request, Response
from platform_shared.plans.errors import PlanLimitReached
from tenant_apps.customers import exports, imports, merging, selectors, services
from tenant_apps.customers.api import serializers
from tenant_apps.customers.api.filters import CustomerFilter, ImportRowFilter
from tenant_apps.customers.api.parsers import CsvParser, FormParser
from tenant_apps.customers.errors import (
    AlreadyInvited,
    BothHaveLogins,
    CustomerHasNoEmail,
    CustomerMerged,
    GuardianCycle,
    PossibleDuplicate,
)

BOM = OpenApiParameter(
    "bom",
    OpenApiTypes.BOOL,
    description="Begin with a byte order mark, by which Excel knows UTF-8.",
)
DRY_RUN = OpenApiParameter(
    "dry_run",
    OpenApiTypes.BOOL,
    description="The form's field of this name, for either kind of body; both must say the same.",
)


class CustomersView(ApiView):
    access = {"GET": Permission.CUSTOMERS_MANAGE, "POST": Permission.CUSTOMERS_MANAGE}
    queryset = selectors.list_customers()
    filterset_class = CustomerFilter
    orderings = selectors.ORDERINGS

    @operation("listCustomers", "Customers", answers=serializers.CustomerSerializer(many=True))
    def get(self, request: Request) -> Response:
        """The club's customers, newest first; `search` finds by name, e-mail, number and tag."""
        return self.page(selectors.list_customers(), serializers.CustomerSerializer)

    @operation(
        "createCustomer",
        "Customers",
        body=serializers.NewCustomerSerializer,
        answers={201: serializers.CustomerSerializer},
        errors=(CustomerMerged, EmailTaken, PlanLimitReached, PossibleDuplicate),
    )
    def post(self, request: Request) -> Response:
        """Add a customer. Who seems to be there is refused, unless `allow_duplicate` is set."""
        data = self.valid(serializers.NewCustomerSerializer)
        customer = services.create_customer(**data, now=clock.now())
        return Response(serializers.CustomerSerializer(customer).data, status=201)


class CustomerView(ApiView):
    access = {"GET": Permission.CUSTOMERS_MANAGE, "PATCH": Permission.CUSTOMERS_MANAGE}
    tagged_as = serializers.CustomerSerializer

    @operation("getCustomer", "Customers", answers=serializers.CustomerSerializer)
    def get(self, request: Request, customer_id: UUID) -> Response:
        """One customer's record."""
        return self.one(selectors.get_customer(customer_id), serializers.CustomerSerializer)

    @operation(
        "changeCustomer",
        "Customers",
        body=serializers.ChangeCustomerSerializer,
        answers=serializers.CustomerSerializer,
        errors=(CustomerMerged, EmailTaken, PlanLimitReached, PossibleDuplicate),
    )
    def patch(self, request: Request, customer_id: UUID) -> Response:
        """Change what is named; everything else stays."""
        changes = self.valid(serializers.ChangeCustomerSerializer)
        customer = services.change_customer(
            customer_id=customer_id,
            allow_duplicate=changes.pop("allow_duplicate", False),
            changes=changes,
            now=clock.now(),
            precondition=self.precondition,
        )
        return Response(serializers.CustomerSerializer(customer).data)


class InvitationView(ApiView):
    access = {"POST": Permission.CUSTOMERS_INVITE}

    @operation(
        "inviteCustomer",
        "Customers",
        answers={201: IssuedPasswordLinkSerializer},
        errors=(AlreadyInvited, CustomerHasNoEmail, CustomerMerged, EmailTaken),
    )
    def post(self, request: Request, customer_id: UUID) -> Response:
        """Give a customer a login: the link is shown once, and they set their password with it."""
        link = services.invite_customer(customer_id=customer_id, password=None, now=clock.now())
        answer = IssuedPasswordLinkSerializer({"password_link": link})
        return Response(answer.data, status=201)


class MergeView(ApiView):
    """Two records that are one person."""

    access = {"POST": Permission.CUSTOMERS_MERGE}

    @operation(
        "mergeCustomer",
        "Customers",
        body=serializers.MergeSerializer,
        answers=serializers.CustomerSerializer,
        errors=(BothHaveLogins, CustomerMerged, GuardianCycle),
    )
    def post(self, request: Request, customer_id: UUID) -> Response:
        data = self.valid(serializers.MergeSerializer)
        customer = merging.merge_customers(
            survivor_id=customer_id, **data, now=clock.now(), actor=self.caller.actor
        )
        return Response(serializers.CustomerSerializer(customer).data)


class ExportView(ApiView):
    """Everybody, or whom the list's filters find, as a file for a spreadsheet."""

    access = {"GET": Permission.CUSTOMERS_EXPORT}
    queryset = selectors.list_customers()
    filterset_class = CustomerFilter

    @operation(
        "exportCustomers",
        "Customers",
        parameters=[BOM],
        filters=True,
        answers={(200, "text/csv"): OpenApiTypes.BINARY},
    )
    def get(self, request: Request) -> StreamingHttpResponse:
        given = {name: v for name, v in request.query_params.items() if name == BOM.name}
        wanted = serializers.ExportSerializer(data=given)
        wanted.is_valid(raise_exception=True)
        customers = self.filter_queryset(selectors.list_customers())
        response = StreamingHttpResponse(
            exports.csv_of(customers, **wanted.validated_data),
            content_type="text/csv; charset=utf-8",
        )
        response["Content-Disposition"] = 'attachment; filename="customers.csv"'
        response["Cache-Control"] = "private, no-store"
        return response


class ImportsView(ApiView):
    """A file of customers, to be worked off in the background."""

    access = {"POST": Permission.CUSTOMERS_IMPORT}
    parser_classes = (FormParser, CsvParser)

    @operation(
        "importCustomers",
        "Customers",
        parameters=[DRY_RUN],
        body={
            "multipart/form-data": serializers.NewImportSerializer,
            "text/csv": OpenApiTypes.BINARY,
        },
        answers={202: serializers.ImportSerializer},
    )
    def post(self, request: Request) -> Response:
        query = request.query_params
        data = self.valid(serializers.NewImportSerializer, context={"query": query})
        made = imports.start_import(**data, now=clock.now(), actor=self.caller.actor)
        return Response(serializers.ImportSerializer(made).data, status=202)


class ImportView(ApiView):
    access = {"GET": Permission.CUSTOMERS_IMPORT}

    @operation("getCustomerImport", "Customers", answers=serializers.ImportSerializer)
    def get(self, request: Request, import_id: UUID) -> Response:
        """How far an import is, and what became of its rows so far."""
        return self.one(selectors.get_import(import_id), serializers.ImportSerializer)


class ImportRowsView(ApiView):
    """What became of each row, from the top of the file."""

    access = {"GET": Permission.CUSTOMERS_IMPORT}
    queryset = selectors.list_all_import_rows()
    filterset_class = ImportRowFilter
    default_ordering = "id"

    @operation(
        "listCustomerImportRows",
        "Customers",
        answers=serializers.ImportRowSerializer(many=True),
    )
    def get(self, request: Request, import_id: UUID) -> Response:
        return self.page(selectors.list_import_rows(import_id), serializers.ImportRowSerializer)
