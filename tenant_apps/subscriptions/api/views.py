from uuid import UUID

from platform_shared.kit import clock
from platform_shared.kit.access import Permission
from platform_shared.kit.openapi import operation
from platform_shared.kit.views import ApiView, Request, Response
from tenant_apps.subscriptions import selectors, services
from tenant_apps.subscriptions.api import serializers
from tenant_apps.subscriptions.api.filters import SubscriptionFilter


class SubscriptionsView(ApiView):
    access = {"GET": Permission.SUBSCRIPTIONS_VIEW, "POST": Permission.SUBSCRIPTIONS_GRANT}
    queryset = selectors.list_subscriptions()
    filterset_class = SubscriptionFilter

    @operation(
        "listSubscriptions",
        "Subscriptions",
        answers=serializers.SubscriptionSerializer(many=True),
    )
    def get(self, request: Request) -> Response:
        return self.page(selectors.list_subscriptions(), serializers.SubscriptionSerializer)

    @operation(
        "grantSubscription",
        "Subscriptions",
        body=serializers.NewSubscriptionSerializer,
        answers={201: serializers.SubscriptionSerializer},
    )
    def post(self, request: Request) -> Response:
        data = self.valid(serializers.NewSubscriptionSerializer)
        subscription = services.grant_subscription(**data, now=clock.now(), actor=self.caller.actor)
        return Response(serializers.SubscriptionSerializer(subscription).data, status=201)


class SubscriptionView(ApiView):
    access = {"GET": Permission.SUBSCRIPTIONS_VIEW}

    @operation("getSubscription", "Subscriptions", answers=serializers.SubscriptionSerializer)
    def get(self, request: Request, subscription_id: UUID) -> Response:
        subscription = selectors.get_subscription(subscription_id)
        return Response(serializers.SubscriptionSerializer(subscription).data)
