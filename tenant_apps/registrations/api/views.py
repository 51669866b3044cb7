"""Registering oneself, where the club allows it; needs no token, and ignores one that is sent."""

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter

from platform_shared.accounts.errors import EmailTaken
from platform_shared.accounts.throttles import MAIL, SIGN_IN
from platform_shared.kit import clock
from platform_shared.kit.access import Open
from platform_shared.kit.openapi import operation
from platform_shared.kit.views import ApiView, Request, Response
from platform_shared.plans.errors import PlanLimitReached
from platform_shared.tenancy import throttling
from tenant_apps.customers.errors import AlreadyInvited, CustomerInactive, CustomerMerged
from tenant_apps.registrations import selectors, services
from tenant_apps.registrations.api import serializers
from tenant_apps.registrations.errors import InvalidRegistrationLink, RegistrationClosed
from tenant_apps.registrations.throttles import CONFIRMATIONS

TOKEN = OpenApiParameter(
    "token", OpenApiTypes.STR, required=True, description="What the mailed link carries."
)


class RegistrationsView(ApiView):
    authentication_classes = ()
    access = {"POST": Open.PUBLIC}
    throttles = MAIL

    @operation(
        "register",
        "Registration",
        body=serializers.NewRegistrationSerializer,
        answers={202: None},
        errors=(RegistrationClosed,),
    )
    def post(self, request: Request) -> Response:
        """Ask to become a customer. A link is mailed; the answer is the same for every e-mail."""
        data = self.valid(serializers.NewRegistrationSerializer)
        services.register(**data, now=clock.now())
        return Response(status=202)


class ConfirmationView(ApiView):
    """Where the mailed link leads."""

    authentication_classes = ()
    has_secrets = True
    access = {"GET": Open.PUBLIC, "POST": Open.PUBLIC}
    throttles = CONFIRMATIONS

    @operation(
        "getRegistration",
        "Registration",
        parameters=[TOKEN],
        answers=serializers.RegistrationSerializer,
        errors=(InvalidRegistrationLink,),
    )
    def get(self, request: Request) -> Response:
        registration = selectors.get_by_secret(request.query_params.get("token", ""), clock.now())
        return Response(serializers.RegistrationSerializer(registration).data)

    @operation(
        "confirmRegistration",
        "Registration",
        body=serializers.ConfirmRegistrationSerializer,
        answers={201: serializers.RegisteredCustomerSerializer},
        errors=(
            AlreadyInvited,
            CustomerInactive,
            CustomerMerged,
            EmailTaken,
            InvalidRegistrationLink,
            PlanLimitReached,
            RegistrationClosed,
        ),
    )
    def post(self, request: Request) -> Response:
        data = self.valid(serializers.ConfirmRegistrationSerializer)
        customer = services.confirm(
            secret=data["token"], password=data["password"], now=clock.now()
        )
        assert customer.email is not None  # the link went there
        throttling.welcome(SIGN_IN, request, customer.email)
        return Response(serializers.RegisteredCustomerSerializer(customer).data, status=201)
