from uuid import UUID

from platform_shared.accounts.api.serializers import IssuedPasswordLinkSerializer
from platform_shared.kit import clock
from platform_shared.kit.access import Permission
from platform_shared.kit.openapi import operation
from platform_shared.kit.views import ApiView, Request, Response
from tenant_apps.customers import selectors, services
from tenant_apps.customers.api import serializers
from tenant_apps.customers.api.filters import CustomerFilter


class CustomersView(ApiView):
    access = {"GET": Permission.CUSTOMERS_MANAGE, "POST": Permission.CUSTOMERS_MANAGE}
    queryset = selectors.list_customers()
    filterset_class = CustomerFilter

    @operation("listCustomers", "Customers", answers=serializers.CustomerSerializer(many=True))
    def get(self, request: Request) -> Response:
        return self.page(selectors.list_customers(), serializers.CustomerSerializer)

    @operation(
        "createCustomer",
        "Customers",
        body=serializers.NewCustomerSerializer,
        answers={201: serializers.CustomerSerializer},
    )
    def post(self, request: Request) -> Response:
        data = self.valid(serializers.NewCustomerSerializer)
        customer = services.create_customer(**data, now=clock.now())
        return Response(serializers.CustomerSerializer(customer).data, status=201)


class CustomerView(ApiView):
    access = {"GET": Permission.CUSTOMERS_MANAGE, "PATCH": Permission.CUSTOMERS_MANAGE}

    @operation("getCustomer", "Customers", answers=serializers.CustomerSerializer)
    def get(self, request: Request, customer_id: UUID) -> Response:
        customer = selectors.get_customer(customer_id)
        return Response(serializers.CustomerSerializer(customer).data)

    @operation(
        "changeCustomer",
        "Customers",
        body=serializers.ChangeCustomerSerializer,
        answers=serializers.CustomerSerializer,
    )
    def patch(self, request: Request, customer_id: UUID) -> Response:
        changes = self.valid(serializers.ChangeCustomerSerializer)
        customer = services.change_customer(customer_id=customer_id, changes=changes)
        return Response(serializers.CustomerSerializer(customer).data)


class InvitationView(ApiView):
    access = {"POST": Permission.CUSTOMERS_INVITE}

    @operation("inviteCustomer", "Customers", answers={201: IssuedPasswordLinkSerializer})
    def post(self, request: Request, customer_id: UUID) -> Response:
        link = services.invite_customer(customer_id=customer_id, password=None, now=clock.now())
        answer = IssuedPasswordLinkSerializer({"password_link": link})
        return Response(answer.data, status=201)
