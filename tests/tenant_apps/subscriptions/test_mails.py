"""How the reminder reads, and when it is not sent after all."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from django.core.mail import EmailMessage

from platform_shared.mail.services import Message
from platform_shared.outbox import services as outbox
from platform_shared.outbox.models import Event
from tenant_apps.customers import services as customer_services
from tenant_apps.subscriptions import mails, services
from tenant_apps.subscriptions.models import Subscription
from tests.support.world import BORN
from tests.tenant_apps.sales.desk import new_customer
from tests.tenant_apps.subscriptions.holding import (
    WEEK,
    by,
    cancel,
    freeze,
    grant,
    in_zone,
    stored,
)

REMINDED = BORN + 2 * WEEK


def reminded(email: str | None = "dora@example.test", **package: Any) -> UUID:
    """Return a subscription of three weeks whose end has just been reminded of."""
    customer = new_customer("Dora", email=email)
    held = grant(customer=customer.id, **{"duration": ("week", 3), **package})
    services.settle(held, REMINDED)
    return held


def mail(held: UUID, *, now: datetime = REMINDED) -> Message | None:
    """Return what would be sent."""
    return mails.expiring(held, now)


@pytest.mark.usefixtures("bound_a")
class TestExpiring:
    def test_says_until_when_it_runs(self) -> None:
        message = mail(reminded())
        assert message is not None
        assert message.to == "dora@example.test"
        assert message.subject == "Your subscription at Club alpha ends soon"
        assert "Its last day is 2026-03-23. Until then it opens the door" in message.text

    def test_counts_no_day_that_has_only_midnight(self) -> None:
        held = reminded()
        midnight = datetime(2026, 3, 23, 23, tzinfo=UTC)  # in Berlin the 24th begins
        Subscription.objects.filter(pk=held).update(ends_at=midnight, reminded_of=midnight)
        message = mail(held)
        assert message is not None
        assert "Its last day is 2026-03-23." in message.text

    def test_says_what_is_left(self) -> None:
        message = mail(reminded(visits=3))
        assert message is not None
        assert "Until then you can use what is left of it: 3." in message.text

    def test_says_the_day_by_the_clubs_clock(self) -> None:
        late = datetime(2026, 3, 2, 20, tzinfo=UTC)
        for zone, day in (("Pacific/Kiritimati", "2026-03-24"), ("Pacific/Honolulu", "2026-03-23")):
            with in_zone(zone):
                customer = new_customer(email=f"{zone[-3:]}@example.test").id
                held = grant(customer=customer, duration=("week", 3), now=late)
                services.settle(held, late + 2 * WEEK)
                message = mail(held, now=late + 2 * WEEK)
            assert message is not None
            assert day in message.text

    def test_goes_to_nobody_without_an_address(self) -> None:
        assert mail(reminded(email=None)) is None

    def test_goes_to_nobody_who_was_deactivated(self) -> None:
        held = reminded()
        customer_services.change_customer(
            customer_id=stored(held).customer_id, changes={"is_active": False}, now=BORN
        )
        assert mail(held) is None

    @pytest.mark.parametrize(
        "change",
        [
            cancel,
            lambda held: freeze(held, now=REMINDED),
            lambda held: services.renew_subscription(subscription_id=held, **by(REMINDED)),
            lambda held: services.settle(held, BORN + 3 * WEEK),
        ],
    )
    def test_is_not_sent_when_it_is_not_so_any_more(self, change: Callable[[UUID], Any]) -> None:
        held = reminded()
        assert mail(held) is not None
        change(held)
        assert mail(held) is None

    def test_is_not_sent_after_the_end(self) -> None:
        assert mail(reminded(), now=BORN + 3 * WEEK) is None

    def test_goes_to_whose_it_is_now(self) -> None:
        held = reminded()
        heir = new_customer("Heir", email="heir@example.test").id
        services.transfer_subscription(
            subscription_id=held, customer_id=heir, reason="", **by(REMINDED)
        )
        message = mail(held)
        assert message is not None
        assert message.to == "heir@example.test"

    def test_is_sent_by_the_outbox_and_to_nobody_where_there_is_nobody(
        self, mailoutbox: list[EmailMessage]
    ) -> None:
        for held in (reminded(), reminded(email=None)):
            event = Event.objects.get(kind=services.EXPIRING, subject_id=held)
            assert outbox.deliver(event_id=event.id, now=REMINDED)
            assert not Event.objects.filter(pk=event.pk).exists()
        assert [message.to for message in mailoutbox] == [["dora@example.test"]]
