"""What time makes of a subscription."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import DatabaseError, transaction

from platform_shared.clubs import services as club_services
from platform_shared.kit.errors import NotFound, PreconditionFailed
from platform_shared.kit.preconditions import Precondition, tag_of
from platform_shared.outbox.models import Event
from tenant_apps.subscriptions import services
from tenant_apps.subscriptions.enums import SubscriptionStatus
from tenant_apps.subscriptions.errors import ChangeNotAllowed
from tenant_apps.subscriptions.models import CreditLot, Subscription
from tenant_apps.subscriptions.services import ledger
from tests.support.world import BORN, ClubWorld
from tests.tenant_apps.checkins.door import scan
from tests.tenant_apps.sales.desk import new_pass
from tests.tenant_apps.subscriptions.holding import WEEK, by, charge, due_at, freeze, grant, stored
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


def reminders(held: UUID) -> list[dict[str, Any]]:
    """Return what the outbox holds of reminders of it."""
    events = Event.objects.filter(kind=services.EXPIRING, subject_id=held).order_by("id")
    return list(events.values_list("data", flat=True))


@pytest.mark.usefixtures("bound_a")
class TestLockCurrent:
    @pytest.mark.parametrize(
        ("seen", "refusal"), [("active", ChangeNotAllowed), ("expired", PreconditionFailed)]
    )
    def test_asks_for_what_was_seen_before_time_has_its_way(
        self, seen: str, refusal: type[Exception]
    ) -> None:
        """Who has read what nobody has settled yet would be told for ever to read it again."""
        subscription_id = grant(visits=3, duration=("week", 1))
        precondition = Precondition(frozenset({tag_of(seen)}), lambda row: row.status)
        with pytest.raises(refusal):
            services.cancel_at_end(
                subscription_id=subscription_id,
                **by(BORN + 2 * WEEK),
                precondition=precondition,
            )


@pytest.mark.usefixtures("bound_a")
class TestReminder:
    """The world's clubs are reminded a week ahead, as all are unless they say otherwise."""

    @staticmethod
    def days(club: ClubWorld, days: int) -> None:
        club_services.change_settings(club_id=club.ref.id, changes={"expiry_reminder_days": days})

    def test_comes_once_for_each_end(self) -> None:
        held = grant(duration=("week", 3))
        row = stored(held)
        assert due_at(held) == BORN + 2 * WEEK
        services.settle(held, BORN + 2 * WEEK - timedelta(microseconds=1))
        assert reminders(held) == []
        for _ in range(2):
            services.settle(held, BORN + 2 * WEEK)
        assert row.ends_at is not None
        assert reminders(held) == [
            {"customer": str(row.customer_id), "ends_at": row.ends_at.isoformat()}
        ]
        assert due_at(held) == row.ends_at

    def test_comes_again_when_the_end_has_moved(self) -> None:
        held = grant(duration=("week", 3))
        services.settle(held, BORN + 2 * WEEK)
        services.renew_subscription(subscription_id=held, **by(BORN + 2 * WEEK))
        end = stored(held).ends_at
        assert end is not None
        assert due_at(held) == end - WEEK
        services.settle(held, end - WEEK)
        assert [data["ends_at"] for data in reminders(held)][1:] == [end.isoformat()]

    @pytest.mark.parametrize(("unit", "count"), [("day", 7), ("day", 3)])
    def test_does_not_come_of_what_is_too_short(self, unit: str, count: int) -> None:
        held = grant(duration=(unit, count))
        assert due_at(held) == stored(held).ends_at
        services.settle(held, BORN + timedelta(days=count - 1))
        assert reminders(held) == []

    def test_counts_from_the_first_visit_where_the_duration_does(self) -> None:
        held = grant(duration=("day", 5), valid_from="first_visit", starts_at=BORN - 9 * WEEK)
        scan(customer=stored(held).customer_id, at=BORN)
        services.settle(held, BORN)
        assert reminders(held) == []
        assert due_at(held) == BORN + timedelta(days=5)

    def test_is_turned_off_by_none_at_all(self, club_a: ClubWorld) -> None:
        self.days(club_a, 0)
        held = grant(duration=("week", 3))
        assert due_at(held) == stored(held).ends_at
        services.settle(held, BORN + 2 * WEEK)
        assert reminders(held) == []

    def test_comes_as_early_as_the_club_wants(self, club_a: ClubWorld) -> None:
        self.days(club_a, 2)
        held = grant(duration=("week", 3))
        end = stored(held).ends_at
        assert end is not None
        assert due_at(held) == end - timedelta(days=2)

    def test_does_not_come_when_it_is_over_already(self) -> None:
        held = grant(duration=("week", 3))
        services.settle(held, BORN + 3 * WEEK)
        assert (stored(held).status, reminders(held)) == ("expired", [])

    def test_waits_until_it_rests_no_more(self) -> None:
        held = grant(duration=("week", 3))
        freeze(held, until=BORN + 2 * WEEK)
        services.settle(held, BORN + WEEK)
        assert reminders(held) == []
        services.settle(held, BORN + 2 * WEEK)
        end = stored(held).ends_at
        assert end is not None
        assert (reminders(held), due_at(held)) == ([], end - WEEK)
