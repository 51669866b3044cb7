"""Whose a subscription is, and who else may use it."""

from datetime import datetime, timedelta
from uuid import UUID

import pytest

from platform_shared.kit.errors import InvalidInput, NotFound
from platform_shared.kit.ids import new_id
from tenant_apps.checkins.enums import Kind
from tenant_apps.checkins.models import CheckIn
from tenant_apps.customers import services as customer_services
from tenant_apps.customers.errors import CustomerInactive
from tenant_apps.payments.enums import PaymentMethod
from tenant_apps.subscriptions import selectors, services
from tenant_apps.subscriptions.errors import (
    AlreadyMember,
    ChangeNotAllowed,
    NotShareable,
    SameCustomer,
)
from tenant_apps.subscriptions.models import Subscription, SubscriptionMember
from tests.support.world import BORN, ClubWorld
from tests.tenant_apps.checkins.door import annul, reason, scan
from tests.tenant_apps.sales.desk import STAFF, new_customer, new_package, sell
from tests.tenant_apps.subscriptions.holding import (
    by,
    cancel,
    changes_of,
    freeze,
    grant,
    last_change,
    stored,
)
from tests.tenant_apps.subscriptions.ledger import lines_of

HOUR = timedelta(hours=1)


def transfer(held: UUID, customer: UUID, *, now: datetime = BORN, why: str = "") -> Subscription:
    """Make it another customer's."""
    return services.transfer_subscription(
        subscription_id=held, customer_id=customer, reason=why, **by(now)
    )


def add(held: UUID, customer: UUID, *, now: datetime = BORN) -> SubscriptionMember:
    """Let another customer share it."""
    return services.add_member(subscription_id=held, customer_id=customer, **by(now))


def remove(held: UUID, customer: UUID) -> None:
    """Let them share it no more."""
    services.remove_member(subscription_id=held, customer_id=customer, **by())


def members_of(held: UUID) -> set[UUID]:
    """Return who shares it."""
    return set(selectors.list_members(held).values_list("customer_id", flat=True))


def deactivated() -> UUID:
    """Return a customer who may not come any more."""
    customer = new_customer("Gone").id
    customer_services.change_customer(customer_id=customer, changes={"is_active": False}, now=BORN)
    return customer


def unpaid(**package: object) -> UUID:
    """Return a subscription that waits for its payment."""
    bought = new_package(**package)  # type: ignore[arg-type]
    return sell(bought, new_customer(), method=PaymentMethod.TRANSFER).subscription.id


@pytest.mark.usefixtures("bound_a")
class TestTransfer:
    def test_hands_over_what_is_left_and_nothing_of_what_was(self) -> None:
        old, new = new_customer("Old").id, new_customer("New").id
        held = grant(visits=3, customer=old)
        visit = scan(customer=old, at=BORN).check_in
        transfer(held, new, now=BORN + HOUR, why="moves away")
        assert stored(held).customer_id == new
        assert reason(customer=old, at=BORN + HOUR) == "no_subscription"
        later = scan(customer=new, at=BORN + HOUR).check_in
        assert (later.reason, later.subscription_id, later.credits_left) == ("ok", held, 1)
        # Both histories stay: who came, and what each visit cost.
        assert CheckIn.objects.get(pk=visit.id).customer_id == old
        assert CheckIn.objects.get(pk=later.id).customer_id == new
        assert lines_of(held) == [("grant", 3, 3), ("check_in", -1, 2), ("check_in", -1, 1)]
        change = last_change(held)
        assert (change.action, change.reason, change.actor) == ("transfer", "moves away", STAFF)
        assert change.detail == {"customer_before": str(old), "customer": str(new)}

    def test_lets_a_visit_of_before_be_taken_back(self) -> None:
        old, new = new_customer("Old").id, new_customer("New").id
        held = grant(visits=1, customer=old)
        visit = scan(customer=old, at=BORN).check_in
        transfer(held, new)
        assert annul(visit.id, at=BORN).credit_returned
        assert stored(held).credits_left == 1
        assert reason(customer=new, at=BORN) == "ok"

    def test_makes_a_member_the_owner(self) -> None:
        heir = new_customer("Heir").id
        held = grant(visits=3, max_members=2)
        other = new_customer("Other").id
        add(held, heir)
        add(held, other)
        transfer(held, heir)
        assert stored(held).customer_id == heir
        assert members_of(held) == {other}
        assert reason(customer=other, at=BORN) == "ok"

    def test_is_for_what_is_frozen_too(self) -> None:
        held, heir = grant(), new_customer("Heir").id
        freeze(held)
        transfer(held, heir)
        assert (stored(held).status, stored(held).customer_id) == ("frozen", heir)
        assert reason(customer=heir, at=BORN) == "subscription_frozen"

    def test_is_not_to_the_same_customer(self) -> None:
        held = grant()
        with pytest.raises(SameCustomer) as caught:
            transfer(held, stored(held).customer_id)
        assert caught.value.extras == {}
        assert len(changes_of(held)) == 1

    def test_is_not_to_somebody_deactivated(self) -> None:
        held = grant()
        before = stored(held).customer_id
        with pytest.raises(CustomerInactive):
            transfer(held, deactivated())
        assert stored(held).customer_id == before

    def test_names_a_customer_that_does_not_exist(self, club_b: ClubWorld) -> None:
        held = grant()
        for customer in (new_id(), club_b.customer):
            with pytest.raises(InvalidInput) as caught:
                transfer(held, customer)
            assert [(e.field, e.code) for e in caught.value.errors] == [
                ("customer", "does_not_exist")
            ]

    def test_knows_no_subscription_of_another_club(self, club_b: ClubWorld) -> None:
        with pytest.raises(NotFound):
            transfer(club_b.subscription, new_customer().id)

    def test_is_not_of_what_does_not_run(self) -> None:
        over, heir = grant(), new_customer("Heir").id
        cancel(over)
        for held, status in ((over, "cancelled"), (unpaid(), "pending")):
            with pytest.raises(ChangeNotAllowed) as caught:
                transfer(held, heir)
            assert caught.value.extras == {
                "action": "transfer",
                "subscription_status": status,
                "allowed_when": ["active", "frozen"],
            }


@pytest.mark.usefixtures("bound_a")
class TestMembers:
    def test_come_in_on_credits_that_another_has_bought(self) -> None:
        owner, child = new_customer("Owner").id, new_customer("Child").id
        held = grant(visits=3, max_members=1, customer=owner)
        member = add(held, child)
        assert (member.customer_id, member.added_at, member.actor) == (child, BORN, STAFF)
        visit = scan(customer=child, at=BORN).check_in
        assert (visit.reason, visit.customer_id, visit.subscription_id) == ("ok", child, held)
        assert stored(held).credits_left == 2
        assert reason(customer=owner, at=BORN) == "ok"
        assert stored(held).credits_left == 1
        assert changes_of(held)[-1] == ("add_member", "active", "active")
        assert last_change(held).detail == {"customer": str(child)}

    def test_have_a_reentry_window_each(self) -> None:
        owner, child = new_customer("Owner").id, new_customer("Child").id
        held = grant(visits=3, max_members=1, customer=owner)
        add(held, child)
        said = [reason(customer=who, at=BORN) for who in (owner, child, owner, child)]
        assert said == ["ok", "ok", "already_inside", "already_inside"]

    def test_use_what_is_their_own_by_the_usual_order(self) -> None:
        child = new_customer("Child").id
        shared = grant(visits=3, max_members=1, duration=("year", 1))
        add(shared, child)
        own = grant(visits=1, customer=child, duration=("month", 1))
        used = []
        for n in range(2):
            used.append(scan(customer=child, at=BORN + n * HOUR).check_in.subscription_id)
        assert used == [own, shared]

    def test_give_back_what_was_charged_to_the_owner(self) -> None:
        child = new_customer("Child").id
        held = grant(visits=1, max_members=1)
        add(held, child)
        visit = scan(customer=child, at=BORN).check_in
        assert annul(visit.id, at=BORN).credit_returned
        assert stored(held).credits_left == 1

    def test_leave_without_needing_it(self) -> None:
        child = new_customer("Child").id
        held = grant(visits=1, max_members=1)
        add(held, child)
        row = scan(customer=child, at=BORN, kind=Kind.EXIT).check_in
        assert (row.reason, row.subscription_id) == ("ok", None)

    def test_are_no_more_than_the_package_allows(self) -> None:
        held = grant(max_members=2)
        for _ in range(2):
            add(held, new_customer().id)
        with pytest.raises(NotShareable) as caught:
            add(held, new_customer().id)
        assert caught.value.extras == {"max_members": 2}
        assert len(members_of(held)) == 2

    def test_are_none_unless_the_package_says_so(self) -> None:
        with pytest.raises(NotShareable) as caught:
            add(grant(), new_customer().id)
        assert caught.value.extras == {"max_members": 0}

    def test_are_members_once(self) -> None:
        held, child = grant(max_members=2), new_customer().id
        add(held, child)
        with pytest.raises(AlreadyMember):
            add(held, child)
        with pytest.raises(SameCustomer):
            add(held, stored(held).customer_id)
        assert members_of(held) == {child}

    def test_are_not_deactivated_or_unknown(self, club_b: ClubWorld) -> None:
        held = grant(max_members=2)
        with pytest.raises(CustomerInactive):
            add(held, deactivated())
        for customer in (new_id(), club_b.customer):
            with pytest.raises(InvalidInput, match="customer"):
                add(held, customer)
        assert members_of(held) == set()

    def test_may_be_named_before_it_is_paid_but_not_after_it_is_over(self) -> None:
        child = new_customer().id
        add(unpaid(max_members=1), child)
        over = grant(max_members=1)
        cancel(over)
        with pytest.raises(ChangeNotAllowed) as caught:
            add(over, child)
        assert caught.value.extras == {
            "action": "add_member",
            "subscription_status": "cancelled",
            "allowed_when": ["active", "frozen", "pending"],
        }

    def test_share_it_no_more_once_they_are_removed(self) -> None:
        held, child = grant(visits=2, max_members=1), new_customer().id
        add(held, child)
        visit = scan(customer=child, at=BORN).check_in
        remove(held, child)
        assert reason(customer=child, at=BORN + HOUR) == "no_subscription"
        assert changes_of(held)[-1] == ("remove_member", "active", "active")
        assert annul(visit.id, at=BORN + HOUR).credit_returned
        add(held, new_customer().id)  # there is a place again

    def test_may_be_removed_whatever_has_become_of_it(self) -> None:
        held, child = grant(max_members=1), new_customer().id
        add(held, child)
        cancel(held)
        remove(held, child)
        assert changes_of(held)[-1] == ("remove_member", "cancelled", "cancelled")

    def test_cannot_be_removed_when_they_are_none(self, club_b: ClubWorld) -> None:
        held = grant(max_members=1)
        for customer in (stored(held).customer_id, new_customer().id, new_id()):
            with pytest.raises(NotFound):
                remove(held, customer)
        with pytest.raises(NotFound):
            remove(club_b.subscription, club_b.customer)
        assert len(changes_of(held)) == 1
