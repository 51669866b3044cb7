from collections.abc import Callable
from typing import Any
from uuid import UUID

from rest_framework.serializers import BaseSerializer

from platform_shared.kit import clock
from platform_shared.kit.access import Permission
from platform_shared.kit.errors import InvalidInput
from platform_shared.kit.openapi import operation
from platform_shared.kit.views import ApiView, Request, Response
from tenant_apps.customers.errors import CustomerInactive, CustomerMerged
from tenant_apps.packages.errors import PackageInactive
from tenant_apps.subscriptions import selectors, services
from tenant_apps.subscriptions.api import serializers
from tenant_apps.subscriptions.api.filters import SubscriptionFilter
from tenant_apps.subscriptions.errors import (
    AlreadyFrozen,
    AlreadyMember,
    ChangeNotAllowed,
    FreezeLimitReached,
    NoCredits,
    NoEnd,
    NotEnoughCredits,
    NotFrozen,
    NotShareable,
    PurchaseLimitReached,
    SameCustomer,
    TrialUsed,
)
from tenant_apps.subscriptions.models import Subscription


class SubscriptionsView(ApiView):
    access = {"GET": Permission.SUBSCRIPTIONS_VIEW, "POST": Permission.SUBSCRIPTIONS_GRANT}
    queryset = selectors.list_subscriptions()
    filterset_class = SubscriptionFilter
    orderings = selectors.ORDERINGS

    @operation(
        "listSubscriptions",
        "Subscriptions",
        answers=serializers.SubscriptionSerializer(many=True),
    )
    def get(self, request: Request) -> Response:
        """The club's subscriptions, newest first."""
        return self.page(selectors.list_subscriptions(), serializers.SubscriptionSerializer)

    @operation(
        "grantSubscription",
        "Subscriptions",
        body=serializers.NewSubscriptionSerializer,
        answers={201: serializers.SubscriptionSerializer},
        errors=(CustomerMerged, PackageInactive, PurchaseLimitReached, TrialUsed),
    )
    def post(self, request: Request) -> Response:
        """Give a customer a subscription free of charge."""
        data = self.valid(serializers.NewSubscriptionSerializer)
        subscription = services.grant_subscription(**data, now=clock.now(), actor=self.caller.actor)
        return Response(serializers.SubscriptionSerializer(subscription).data, status=201)


class _OneView(ApiView):
    """A view of one subscription."""

    def answer(self, subscription: Subscription) -> Response:
        return Response(serializers.SubscriptionSerializer(subscription).data)

    def change(
        self, do: Callable[..., Subscription], subscription_id: UUID, **data: Any
    ) -> Response:
        """Answer with the subscription as ``do`` leaves it."""
        changed = do(
            subscription_id=subscription_id, **data, now=clock.now(), actor=self.caller.actor
        )
        return self.answer(changed)

    def known(self, subscription_id: UUID, rows: Any, serializer: type[BaseSerializer[Any]]) -> Any:
        """Return a page of what hangs on a subscription, which must exist."""
        selectors.get_subscription(subscription_id)
        return self.page(rows(subscription_id), serializer)


class SubscriptionView(_OneView):
    access = {"GET": Permission.SUBSCRIPTIONS_VIEW, "PATCH": Permission.SUBSCRIPTIONS_MANAGE}
    tagged_as = serializers.SubscriptionSerializer

    @operation("getSubscription", "Subscriptions", answers=serializers.SubscriptionSerializer)
    def get(self, request: Request, subscription_id: UUID) -> Response:
        found = selectors.get_subscription(subscription_id)
        return self.one(found, serializers.SubscriptionSerializer)

    @operation(
        "changeSubscription",
        "Subscriptions",
        body=serializers.ChangeSubscriptionSerializer,
        answers=serializers.SubscriptionSerializer,
        errors=(ChangeNotAllowed, NoEnd),
    )
    def patch(self, request: Request, subscription_id: UUID) -> Response:
        data = self.valid(serializers.ChangeSubscriptionSerializer)
        do = services.cancel_at_end if data["cancel_at_end"] else services.keep_subscription
        return self.change(do, subscription_id, precondition=self.precondition)


class FreezeView(_OneView):
    access = {"POST": Permission.SUBSCRIPTIONS_MANAGE}

    @operation(
        "freezeSubscription",
        "Subscriptions",
        body=serializers.FreezeSerializer,
        answers=serializers.SubscriptionSerializer,
        errors=(AlreadyFrozen, ChangeNotAllowed, FreezeLimitReached),
    )
    def post(self, request: Request, subscription_id: UUID) -> Response:
        data = self.valid(serializers.FreezeSerializer)
        return self.change(services.freeze_subscription, subscription_id, **data)


class UnfreezeView(_OneView):
    """The freeze that runs ends; one that is planned is dropped."""

    access = {"POST": Permission.SUBSCRIPTIONS_MANAGE}

    @operation(
        "unfreezeSubscription",
        "Subscriptions",
        body=serializers.ReasonSerializer,
        answers=serializers.SubscriptionSerializer,
        errors=(ChangeNotAllowed, NotFrozen),
    )
    def post(self, request: Request, subscription_id: UUID) -> Response:
        data = self.valid(serializers.ReasonSerializer)
        return self.change(services.unfreeze_subscription, subscription_id, **data)


class CancellationView(_OneView):
    """It ends now, and what is left of its credits with it."""

    access = {"POST": Permission.SUBSCRIPTIONS_MANAGE}

    @operation(
        "cancelSubscription",
        "Subscriptions",
        body=serializers.ReasonSerializer,
        answers=serializers.SubscriptionSerializer,
        errors=(ChangeNotAllowed,),
    )
    def post(self, request: Request, subscription_id: UUID) -> Response:
        data = self.valid(serializers.ReasonSerializer)
        return self.change(services.cancel_subscription, subscription_id, **data)


class ExtensionView(_OneView):
    access = {"POST": Permission.SUBSCRIPTIONS_GRANT}

    @operation(
        "extendSubscription",
        "Subscriptions",
        body=serializers.ExtensionSerializer,
        answers=serializers.SubscriptionSerializer,
        errors=(ChangeNotAllowed, NoEnd),
    )
    def post(self, request: Request, subscription_id: UUID) -> Response:
        data = self.valid(serializers.ExtensionSerializer)
        duration = data.pop("duration")
        return self.change(services.extend_subscription, subscription_id, **duration, **data)


class RenewalView(_OneView):
    """Another term, free of charge."""

    access = {"POST": Permission.SUBSCRIPTIONS_GRANT}

    @operation(
        "renewSubscription",
        "Subscriptions",
        answers=serializers.SubscriptionSerializer,
        errors=(ChangeNotAllowed, InvalidInput, NoEnd),
    )
    def post(self, request: Request, subscription_id: UUID) -> Response:
        return self.change(services.renew_subscription, subscription_id)


class AdjustmentView(_OneView):
    access = {"POST": Permission.CREDITS_ADJUST}

    @operation(
        "adjustCredits",
        "Subscriptions",
        body=serializers.AdjustmentSerializer,
        answers=serializers.SubscriptionSerializer,
        errors=(ChangeNotAllowed, NoCredits, NotEnoughCredits),
    )
    def post(self, request: Request, subscription_id: UUID) -> Response:
        data = self.valid(serializers.AdjustmentSerializer)
        return self.change(services.adjust_credits, subscription_id, **data)


class TransferView(_OneView):
    access = {"POST": Permission.SUBSCRIPTIONS_MANAGE}

    @operation(
        "transferSubscription",
        "Subscriptions",
        body=serializers.TransferSerializer,
        answers=serializers.SubscriptionSerializer,
        errors=(ChangeNotAllowed, CustomerInactive, CustomerMerged, SameCustomer),
    )
    def post(self, request: Request, subscription_id: UUID) -> Response:
        data = self.valid(serializers.TransferSerializer)
        return self.change(services.transfer_subscription, subscription_id, **data)


class MembersView(_OneView):
    """Who may use the subscription beside its owner."""

    access = {"GET": Permission.SUBSCRIPTIONS_VIEW, "POST": Permission.SUBSCRIPTIONS_MANAGE}

    @operation(
        "listSubscriptionMembers",
        "Subscriptions",
        answers=serializers.MemberSerializer(many=True),
    )
    def get(self, request: Request, subscription_id: UUID) -> Any:
        return self.known(subscription_id, selectors.list_members, serializers.MemberSerializer)

    @operation(
        "addSubscriptionMember",
        "Subscriptions",
        body=serializers.NewMemberSerializer,
        answers={201: serializers.MemberSerializer},
        errors=(
            AlreadyMember,
            ChangeNotAllowed,
            CustomerInactive,
            CustomerMerged,
            NotShareable,
            SameCustomer,
        ),
    )
    def post(self, request: Request, subscription_id: UUID) -> Response:
        data = self.valid(serializers.NewMemberSerializer)
        member = services.add_member(
            subscription_id=subscription_id,
            **data,
            now=clock.now(),
            actor=self.caller.actor,
        )
        return Response(serializers.MemberSerializer(member).data, status=201)


class MemberView(_OneView):
    access = {"GET": Permission.SUBSCRIPTIONS_VIEW, "DELETE": Permission.SUBSCRIPTIONS_MANAGE}
    expandable = False  # who asks has the customer's id
    tagged_as = serializers.MemberSerializer

    @operation("getSubscriptionMember", "Subscriptions", answers=serializers.MemberSerializer)
    def get(self, request: Request, subscription_id: UUID, customer_id: UUID) -> Response:
        """One who shares the subscription."""
        member = selectors.get_member(subscription_id, customer_id)
        return self.one(member, serializers.MemberSerializer)

    @operation(
        "removeSubscriptionMember",
        "Subscriptions",
        answers={204: None},
        errors=(ChangeNotAllowed,),
    )
    def delete(self, request: Request, subscription_id: UUID, customer_id: UUID) -> Response:
        services.remove_member(
            subscription_id=subscription_id,
            customer_id=customer_id,
            now=clock.now(),
            actor=self.caller.actor,
            precondition=self.precondition,
        )
        return Response(status=204)


class EntriesView(_OneView):
    """The ledger of the subscription's credits."""

    access = {"GET": Permission.SUBSCRIPTIONS_VIEW}

    @operation(
        "listCreditEntries",
        "Subscriptions",
        answers=serializers.CreditEntrySerializer(many=True),
    )
    def get(self, request: Request, subscription_id: UUID) -> Any:
        rows = selectors.list_entries
        return self.known(subscription_id, rows, serializers.CreditEntrySerializer)


class ChangesView(_OneView):
    access = {"GET": Permission.SUBSCRIPTIONS_VIEW}

    @operation(
        "listSubscriptionChanges",
        "Subscriptions",
        answers=serializers.SubscriptionChangeSerializer(many=True),
    )
    def get(self, request: Request, subscription_id: UUID) -> Any:
        rows = selectors.list_changes
        return self.known(subscription_id, rows, serializers.SubscriptionChangeSerializer)
