"""Credits given and taken by hand."""

from uuid import UUID

import pytest

from platform_shared.kit.errors import NotFound
from tenant_apps.subscriptions import services
from tenant_apps.subscriptions.errors import ChangeNotAllowed, NoCredits, NotEnoughCredits
from tenant_apps.subscriptions.models import CreditEntry, Subscription
from tests.support.world import BORN, ClubWorld
from tests.tenant_apps.sales.desk import STAFF
from tests.tenant_apps.subscriptions.holding import (
    DAY,
    WEEK,
    by,
    cancel,
    charge,
    freeze,
    grant,
    last_change,
    lots_of,
    stored,
)
from tests.tenant_apps.subscriptions.ledger import assert_balanced, lines_of


def adjust(held: UUID, amount: int, *, why: str = "sorry", now: object = BORN) -> Subscription:
    """Give or take so many."""
    return services.adjust_credits(
        subscription_id=held,
        amount=amount,
        reason=why,
        **by(now),  # type: ignore[arg-type]
    )


@pytest.mark.usefixtures("bound_a")
class TestAdjustCredits:
    def test_gives_a_lot_that_ends_with_the_subscription(self) -> None:
        held = grant(visits=3, duration=("week", 1))
        services.renew_subscription(subscription_id=held, **by())
        said = adjust(held, 2, why="rained off")
        assert said.credits_left == stored(held).credits_left == 8
        assert lots_of(held) == [(3, BORN + WEEK), (3, BORN + 2 * WEEK), (2, BORN + 2 * WEEK)]
        line = CreditEntry.objects.filter(subscription_id=held).latest("id")
        assert (line.kind, line.amount, line.balance_after) == ("adjustment", 2, 8)
        assert line.change == last_change(held)
        assert line.change.reason == "rained off"
        assert line.change.detail == {"credits": 2}
        assert line.actor == STAFF

    def test_takes_from_the_lot_that_ends_first_and_goes_on(self) -> None:
        held = grant(visits=3, duration=("week", 1))
        services.renew_subscription(subscription_id=held, **by())
        adjust(held, 2)
        adjust(held, -7, why="booked twice")
        assert lots_of(held) == [(0, BORN + WEEK), (0, BORN + 2 * WEEK), (1, BORN + 2 * WEEK)]
        assert lines_of(held)[-3:] == [
            ("adjustment", -3, 5),
            ("adjustment", -3, 2),
            ("adjustment", -1, 1),
        ]
        taken = CreditEntry.objects.filter(subscription_id=held, amount__lt=0)
        assert {line.change for line in taken.select_related("change")} == {last_change(held)}
        assert last_change(held).reason == "booked twice"
        assert_balanced(held)

    def test_leaves_what_was_used_as_it_was(self) -> None:
        held = grant(visits=3)
        charge(held)
        adjust(held, -2)
        row = stored(held)
        assert (row.credits, row.used_credits, row.credits_left) == (1, 1, 0)

    def test_takes_no_more_than_there_is(self) -> None:
        held = grant(visits=3)
        charge(held)
        with pytest.raises(NotEnoughCredits) as caught:
            adjust(held, -3)
        assert caught.value.extras == {"credits_left": 2}
        assert lines_of(held) == [("grant", 3, 3), ("check_in", -1, 2)]
        assert last_change(held).action == "activate"

    def test_takes_nothing_that_has_ended_already(self) -> None:
        held = grant(visits=3, duration=("week", 1))
        services.renew_subscription(subscription_id=held, **by())
        with pytest.raises(NotEnoughCredits) as caught:
            adjust(held, -4, now=BORN + WEEK)
        assert caught.value.extras == {"credits_left": 3}
        adjust(held, -3, now=BORN + WEEK)
        assert lines_of(held)[-2:] == [("expiry", -3, 3), ("adjustment", -3, 0)]

    def test_is_for_what_is_frozen_too(self) -> None:
        held = grant(visits=3)
        freeze(held)
        assert adjust(held, 1, now=BORN + DAY).credits_left == 4

    def test_gives_what_has_not_begun_a_lot_without_an_end(self) -> None:
        held = grant(visits=3, duration=("day", 5), valid_from="first_visit")
        adjust(held, 1)
        assert lots_of(held) == [(3, None), (1, None)]

    def test_is_not_for_periods(self) -> None:
        held = grant()
        with pytest.raises(NoCredits) as caught:
            adjust(held, 1)
        assert caught.value.extras == {}
        assert lines_of(held) == []

    def test_is_not_for_what_is_over(self) -> None:
        held = grant(visits=3)
        cancel(held)
        with pytest.raises(ChangeNotAllowed) as caught:
            adjust(held, 1)
        assert caught.value.extras == {
            "action": "adjust",
            "subscription_status": "cancelled",
            "allowed_when": ["active", "frozen"],
        }
        assert stored(held).credits_left == 0

    def test_knows_no_subscription_of_another_club(self, club_b: ClubWorld) -> None:
        with pytest.raises(NotFound):
            adjust(club_b.subscription, 1)
