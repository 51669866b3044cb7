"""What others share with a customer is theirs to use and to see, as far as it is about them."""

from datetime import timedelta
from uuid import UUID

import pytest

from platform_shared.kit.errors import NotFound
from platform_shared.kit.ids import new_id
from tenant_apps.checkins import selectors as checkin_selectors
from tenant_apps.checkins.models import CheckIn
from tenant_apps.customers import merging
from tenant_apps.me import selectors
from tenant_apps.subscriptions import services as subscription_services
from tests.support.api import Caller
from tests.support.world import BORN, ClubWorld
from tests.tenant_apps.checkins.door import annul, scan
from tests.tenant_apps.sales.desk import STAFF, Pass, new_customer, new_pass

DAY = timedelta(days=1)


def share(subscription: UUID, customer: UUID) -> None:
    subscription_services.add_member(
        subscription_id=subscription, customer_id=customer, now=BORN, actor=STAFF
    )


@pytest.fixture
def family(bound_a: ClubWorld) -> Pass:
    """Fay's ten visits, which she shares with the other customer; both have been there."""
    made = new_pass(visits=10, name="Fay", max_members=3)
    share(made.subscription, bound_a.other_customer)
    scan(customer=made.customer, at=BORN + DAY)
    scan(customer=bound_a.other_customer, at=BORN + 2 * DAY)
    return made


def lines(subscription: UUID, customer: UUID) -> list[tuple[str, int]]:
    """Return (kind, balance after it) of each line that the customer sees, oldest first."""
    rows = selectors.list_entries(subscription, customer).order_by("id")
    return [(row.kind, row.balance_after) for row in rows]


class TestGetRecord:
    def test_is_of_customers_alone(self, bound_a: ClubWorld) -> None:
        with pytest.raises(NotFound):
            selectors.get_record(new_id())


class TestListSubscriptions:
    def test_tells_own_from_shared(self, family: Pass, bound_a: ClubWorld) -> None:
        share(family.subscription, bound_a.customer)
        rows = selectors.list_subscriptions(bound_a.customer)
        assert {(row.pk, row.is_own, row.customer.name) for row in rows} == {
            (bound_a.subscription, True, "Carla of alpha"),
            (family.subscription, False, "Fay"),
        }

    def test_leaves_out_what_is_shared_no_more(self, family: Pass, bound_a: ClubWorld) -> None:
        subscription_services.remove_member(
            subscription_id=family.subscription,
            customer_id=bound_a.other_customer,
            now=BORN,
            actor=STAFF,
        )
        assert not selectors.list_subscriptions(bound_a.other_customer).exists()


class TestGetSubscription:
    def test_finds_own_and_shared(self, family: Pass, bound_a: ClubWorld) -> None:
        for customer, own in ((family.customer, True), (bound_a.other_customer, False)):
            found = selectors.get_subscription(family.subscription, customer)
            assert (found.pk, found.is_own) == (family.subscription, own)

    def test_finds_nobody_elses(self, family: Pass, bound_a: ClubWorld) -> None:
        with pytest.raises(NotFound):
            selectors.get_subscription(family.subscription, bound_a.customer)


class TestListEntries:
    def test_shows_the_owner_everything(self, family: Pass) -> None:
        assert lines(family.subscription, family.customer) == [
            ("grant", 10),
            ("check_in", 9),
            ("check_in", 8),
        ]

    def test_shows_who_shares_it_their_own_visits(self, family: Pass, bound_a: ClubWorld) -> None:
        assert lines(family.subscription, bound_a.other_customer) == [("check_in", 8)]
        visit = CheckIn.objects.get(customer=bound_a.other_customer)
        annul(visit.pk, at=BORN + 3 * DAY)
        assert lines(family.subscription, bound_a.other_customer) == [
            ("check_in", 8),
            ("annulment", 9),
        ]

    def test_would_show_them_those_of_others_unless_it_asked_whose_they_are(
        self, family: Pass, bound_a: ClubWorld, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(
            checkin_selectors, "list_of_customer", lambda _: checkin_selectors.list_check_ins()
        )
        assert lines(family.subscription, bound_a.other_customer) == [
            ("check_in", 9),
            ("check_in", 8),
        ]

    def test_knows_the_visits_of_who_was_merged_into_them(
        self, family: Pass, bound_a: ClubWorld
    ) -> None:
        survivor = new_customer("Otto again")
        merging.merge_customers(
            survivor_id=survivor.pk,
            duplicate_id=bound_a.other_customer,
            now=BORN + 3 * DAY,
            actor=STAFF,
        )
        assert lines(family.subscription, survivor.pk) == [("check_in", 8)]

    def test_shows_nobody_else_anything(self, family: Pass, bound_a: ClubWorld) -> None:
        with pytest.raises(NotFound):
            selectors.list_entries(family.subscription, bound_a.customer)


class TestApi:
    def test_names_who_shares_and_nothing_else_of_them(
        self, family: Pass, bound_a: ClubWorld, customer_a: Caller
    ) -> None:
        share(family.subscription, bound_a.customer)
        response = customer_a.get("me/subscriptions")
        shared, own = response.json()["results"]
        assert (own["is_own"], own["shared_by"]) == (True, None)
        assert (shared["is_own"], shared["shared_by"], shared["customer"]) == (False, "Fay", None)
        assert customer_a.get(f"me/subscriptions/{family.subscription}").json() == shared
        assert str(family.customer) not in response.content.decode()
        ledger = customer_a.get(f"me/subscriptions/{family.subscription}/entries")
        assert ledger.json()["results"] == []
