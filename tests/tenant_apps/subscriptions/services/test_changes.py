"""What is kept of every change, and that every change asks the table first."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from django.db import IntegrityError, connection, transaction

from platform_shared.kit.principal import SYSTEM
from tenant_apps.payments.enums import PaymentMethod
from tenant_apps.subscriptions import services, states
from tenant_apps.subscriptions.enums import Action
from tenant_apps.subscriptions.errors import ChangeNotAllowed
from tenant_apps.subscriptions.models import Subscription, SubscriptionChange, SubscriptionMember
from tests.support.world import BORN
from tests.tenant_apps.sales.desk import STAFF, new_customer, new_package, sell
from tests.tenant_apps.subscriptions.holding import (
    DAY,
    WEEK,
    by,
    changes_of,
    freeze,
    grant,
    last_change,
    stored,
)
from tests.tenant_apps.subscriptions.ledger import lines_of


def unpaid() -> UUID:
    """Return a subscription that waits for its payment."""
    package = new_package(visits=3, duration=("week", 2))
    return sell(package, new_customer(), method=PaymentMethod.TRANSFER).subscription.id


def paid() -> UUID:
    return grant(visits=3, duration=("week", 2), max_members=2)


def frozen() -> UUID:
    held = paid()
    freeze(held, until=BORN + DAY)
    return held


def planned() -> UUID:
    held = paid()
    freeze(held, since=BORN + DAY, until=BORN + 2 * DAY)
    return held


def shared() -> UUID:
    held = paid()
    services.add_member(subscription_id=held, customer_id=new_customer().id, **by())
    return held


def leaving() -> UUID:
    held = paid()
    services.cancel_at_end(subscription_id=held, **by())
    return held


def member_of(held: UUID) -> UUID:
    return SubscriptionMember.objects.get(subscription_id=held).customer_id


# Each action: what it is done to, and the service that does it.
DOERS: dict[Action, tuple[Callable[[], UUID], Callable[[UUID], Any]]] = {
    Action.ACTIVATE: (
        unpaid,
        lambda held: services.activate_subscription(subscription_id=held, **by()),
    ),
    Action.PLAN_FREEZE: (paid, lambda held: freeze(held, since=BORN + DAY)),
    Action.DROP_FREEZE: (
        planned,
        lambda held: services.unfreeze_subscription(subscription_id=held, reason="", **by()),
    ),
    Action.FREEZE: (paid, freeze),
    Action.UNFREEZE: (
        frozen,
        lambda held: services.unfreeze_subscription(subscription_id=held, reason="", **by()),
    ),
    Action.CANCEL: (
        paid,
        lambda held: services.cancel_subscription(subscription_id=held, reason="", **by()),
    ),
    Action.CANCEL_AT_END: (
        paid,
        lambda held: services.cancel_at_end(subscription_id=held, **by()),
    ),
    Action.KEEP: (leaving, lambda held: services.keep_subscription(subscription_id=held, **by())),
    Action.EXPIRE: (paid, lambda held: services.settle(held, BORN + 2 * WEEK)),
    Action.RENEW: (
        paid,
        lambda held: services.renew_subscription(subscription_id=held, **by()),
    ),
    Action.EXTEND: (
        paid,
        lambda held: services.extend_subscription(
            subscription_id=held, unit="day", count=1, reason="", **by()
        ),
    ),
    Action.ADJUST: (
        paid,
        lambda held: services.adjust_credits(subscription_id=held, amount=1, reason="", **by()),
    ),
    Action.TRANSFER: (
        paid,
        lambda held: services.transfer_subscription(
            subscription_id=held, customer_id=new_customer().id, reason="", **by()
        ),
    ),
    Action.ADD_MEMBER: (
        paid,
        lambda held: services.add_member(
            subscription_id=held, customer_id=new_customer().id, **by()
        ),
    ),
    Action.REMOVE_MEMBER: (
        shared,
        lambda held: services.remove_member(
            subscription_id=held, customer_id=member_of(held), **by()
        ),
    ),
}


@pytest.mark.usefixtures("bound_a")
class TestEveryAction:
    def test_has_somebody_who_does_it(self) -> None:
        assert set(DOERS) == set(Action)

    @pytest.mark.parametrize("action", Action)
    def test_is_kept_with_both_statuses_and_who_did_it(self, action: Action) -> None:
        scene, do = DOERS[action]
        held = scene()
        before = Subscription.objects.get(pk=held).status
        rows = len(changes_of(held))
        do(held)
        assert len(changes_of(held)) == rows + 1
        change = last_change(held)
        assert (change.action, change.status_before) == (action, before)
        assert change.status_after == stored(held).status == states.after(action, before)
        assert change.actor == (SYSTEM if action == Action.EXPIRE else STAFF)

    @pytest.mark.parametrize("action", Action)
    def test_is_refused_by_the_table_alone(
        self, action: Action, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        scene, do = DOERS[action]
        held = scene()
        before = Subscription.objects.filter(pk=held).values().get()
        told, lines = changes_of(held), lines_of(held)
        members = SubscriptionMember.objects.filter(subscription_id=held).count()
        monkeypatch.setitem(states.TABLE, action, {})
        with pytest.raises(ChangeNotAllowed) as caught, transaction.atomic():
            do(held)
        assert (caught.value.status, caught.value.code) == (409, "subscription_change_not_allowed")
        assert caught.value.extras == {
            "action": str(action),
            "subscription_status": before["status"],
            "allowed_when": [],
        }
        assert Subscription.objects.filter(pk=held).values().get() == before
        assert (changes_of(held), lines_of(held)) == (told, lines)
        assert SubscriptionMember.objects.filter(subscription_id=held).count() == members


@pytest.mark.usefixtures("bound_a")
class TestWhatIsKept:
    def test_is_the_reason_too(self) -> None:
        held = paid()
        services.cancel_subscription(subscription_id=held, reason="moves away", **by())
        assert last_change(held).reason == "moves away"
        assert last_change(held).occurred_at == BORN

    @pytest.mark.parametrize(
        "change",
        [
            "UPDATE subscriptions_subscriptionchange SET reason = 'x'",
            "DELETE FROM subscriptions_subscriptionchange",
            "TRUNCATE subscriptions_subscriptionchange CASCADE",
        ],
    )
    def test_stays_as_it_was_written(self, change: str) -> None:
        held = paid()
        with (
            pytest.raises(IntegrityError, match="append-only"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(f"SET CONSTRAINTS ALL IMMEDIATE; {change}")
        assert changes_of(held) == [("activate", "pending", "active")]

    def test_could_be_changed_without_its_trigger(self) -> None:
        # Negative control.
        held = paid()
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                "SET CONSTRAINTS ALL IMMEDIATE;"
                "DROP TRIGGER append_only ON subscriptions_subscriptionchange"
            )
            changed = SubscriptionChange.objects.filter(subscription_id=held).update(reason="x")
            assert changed == 1
            transaction.set_rollback(True)
