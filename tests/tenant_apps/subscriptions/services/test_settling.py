"""What time makes of a subscription."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, transaction

from platform_shared.kit.errors import NotFound
from tenant_apps.subscriptions import services
from tenant_apps.subscriptions.enums import SubscriptionStatus
from tenant_apps.subscriptions.models import CreditLot, Subscription
from tenant_apps.subscriptions.services import ledger
from tests.support.world import BORN, ClubWorld
from tests.tenant_apps.sales.desk import new_pass
from tests.tenant_apps.subscriptions.holding import WEEK, charge, due_at, grant, stored
from tests.tenant_apps.subscriptions.ledger import lines_of


@pytest.mark.usefixtures("bound_a")
class TestSettle:
    def test_writes_off_what_is_left(self) -> None:
        subscription_id = grant(visits=3, duration=("week", 1))
        charge(subscription_id)
        services.settle(subscription_id, BORN + 2 * WEEK)
        row = stored(subscription_id)
        assert (row.status, row.ended_at) == ("expired", BORN + WEEK)
        assert (row.credits, row.used_credits) == (1, 1)
        assert lines_of(subscription_id) == [
            ("grant", 3, 3),
            ("check_in", -1, 2),
            ("expiry", -2, 0),
        ]

    def test_writes_no_line_when_nothing_is_left(self) -> None:
        for subscription_id in (grant(visits=1, duration=("week", 1)), grant()):
            if stored(subscription_id).credits:
                charge(subscription_id)
            services.settle(subscription_id, BORN + 9 * WEEK)
            assert stored(subscription_id).status == "expired"
            assert "expiry" not in [kind for kind, *_ in lines_of(subscription_id)]

    def test_does_nothing_the_second_time(self) -> None:
        subscription_id = grant(visits=3, duration=("week", 1))
        for _ in range(2):
            services.settle(subscription_id, BORN + WEEK)
        assert lines_of(subscription_id) == [("grant", 3, 3), ("expiry", -3, 0)]

    def test_does_not_end_what_is_frozen(self) -> None:
        subscription_id = grant(visits=3, duration=("week", 1))
        Subscription.objects.filter(pk=subscription_id).update(status="frozen", frozen_from=BORN)
        services.settle(subscription_id, BORN + WEEK)
        assert stored(subscription_id).status == "frozen"
        assert lines_of(subscription_id) == [("grant", 3, 3)]

    @pytest.mark.parametrize("status", ["pending", "cancelled"])
    def test_leaves_alone_what_does_not_run(self, status: str) -> None:
        subscription_id = grant(visits=3, duration=("week", 1))
        Subscription.objects.filter(pk=subscription_id).update(status=status)
        services.settle(subscription_id, BORN + WEEK)
        assert stored(subscription_id).status == status
        assert lines_of(subscription_id) == [("grant", 3, 3)]

    def test_puts_itself_off_when_the_end_has_moved(self) -> None:
        subscription_id = grant(visits=3, duration=("week", 1))
        Subscription.objects.filter(pk=subscription_id).update(ends_at=BORN + 3 * WEEK)
        CreditLot.objects.filter(subscription_id=subscription_id).update(ends_at=BORN + 3 * WEEK)
        services.settle(subscription_id, BORN + WEEK)
        assert stored(subscription_id).status == "active"
        assert due_at(subscription_id) == BORN + 2 * WEEK

    def test_ends_it_at_its_very_end(self) -> None:
        subscription_id = grant(duration=("week", 1))
        services.settle(subscription_id, BORN + WEEK - timedelta(microseconds=1))
        assert stored(subscription_id).status == "active"
        services.settle(subscription_id, BORN + WEEK)
        assert stored(subscription_id).status == "expired"

    def test_knows_no_subscription_of_another_club(self, club_b: ClubWorld) -> None:
        with pytest.raises(NotFound):
            services.settle(club_b.subscription, BORN + 99 * WEEK)

    def test_keeps_status_and_books_together(self, monkeypatch: pytest.MonkeyPatch) -> None:
        member = new_pass(visits=3, duration=("week", 1))

        def broken(*_: object, **__: object) -> None:
            raise DatabaseError("no line")

        monkeypatch.setattr(ledger, "write_line", broken)
        with pytest.raises(DatabaseError, match="no line"), transaction.atomic():
            services.settle(member.subscription, BORN + WEEK)
        assert stored(member.subscription).status == SubscriptionStatus.ACTIVE
