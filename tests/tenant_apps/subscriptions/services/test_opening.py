"""Opening subscriptions, on the terms of then, and starting what has been paid."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import DatabaseError, transaction

from platform_shared.kit.errors import InvalidInput
from tenant_apps.invoices.models import Invoice
from tenant_apps.packages import services as package_services
from tenant_apps.packages.errors import PackageInactive
from tenant_apps.packages.terms import TERMS_FIELDS
from tenant_apps.payments.enums import PaymentMethod
from tenant_apps.subscriptions import services
from tenant_apps.subscriptions.errors import ChangeNotAllowed, PurchaseLimitReached, TrialUsed
from tenant_apps.subscriptions.models import CreditEntry, CreditLot, Subscription
from tenant_apps.subscriptions.services import changes
from tests.support.world import BORN, ClubWorld
from tests.tenant_apps.checkins.door import reason
from tests.tenant_apps.sales.desk import STAFF, new_customer, new_package, sell
from tests.tenant_apps.subscriptions.holding import (
    WEEK,
    cancel,
    due_at,
    grant,
    in_zone,
    lots_of,
    stored,
)
from tests.tenant_apps.subscriptions.ledger import lines_of


@pytest.mark.usefixtures("bound_a")
class TestOpenSubscription:
    def test_copies_the_terms(self) -> None:
        package = new_package(
            visits=5,
            price=1234,
            tax_rate_basis_points=700,
            features=["sauna"],
            renewal="automatic",
            access_rules=[{"weekdays": [1], "from": "08:00", "until": None}],
        )
        row = stored(grant(package))
        for name in TERMS_FIELDS:
            assert getattr(row, name) == getattr(package, name)
        assert row.package_name == package.name

    def test_keeps_them_when_the_package_changes(self) -> None:
        package = new_package(visits=5, price=1234, features=["sauna"])
        subscription_id = grant(package)
        before = Subscription.objects.filter(pk=subscription_id).values().get()
        package_services.change_package(
            package_id=package.id,
            changes={
                "name": "Something else",
                "credits": 1,
                "price": package.price + package.price,
                "tax_rate_basis_points": 1900,
                "duration": {"unit": "day", "count": 1},
                "features": [],
                "renewal": "automatic",
                "access_rules": [{"weekdays": [7], "from": "08:00"}],
                "is_active": False,
            },
            now=BORN,
        )
        assert Subscription.objects.filter(pk=subscription_id).values().get() == before

    def test_refuses_what_is_not_for_sale(self) -> None:
        package = new_package(is_active=False)
        with pytest.raises(PackageInactive):
            grant(package)

    def test_refuses_what_would_be_over_already(self) -> None:
        with pytest.raises(InvalidInput) as caught:
            grant(duration=("week", 1), starts_at=BORN - WEEK)
        assert [(e.field, e.code) for e in caught.value.errors] == [("starts_at", "already_over")]
        begun = grant(duration=("week", 1), starts_at=BORN - WEEK + timedelta(seconds=1))
        assert stored(begun).ends_at == BORN + timedelta(seconds=1)

    def test_names_what_does_not_exist(self, club_b: ClubWorld) -> None:
        for customer, package, field in (
            (new_customer().id, club_b.period_package, "package"),
            (club_b.customer, new_package().id, "customer"),
        ):
            with pytest.raises(InvalidInput) as caught:
                services.grant_subscription(
                    customer_id=customer,
                    package_id=package,
                    starts_at=None,
                    now=BORN,
                    actor=STAFF,
                )
            assert caught.value.errors[0].field == field


@pytest.mark.usefixtures("bound_a")
class TestEnd:
    @pytest.mark.parametrize(
        ("zone", "start", "duration", "end"),
        [
            # The last day of a shorter month.
            ("Europe/Berlin", "2027-01-31 10:00", ("month", 1), "2027-02-28 10:00"),
            ("Europe/Berlin", "2028-01-31 10:00", ("month", 1), "2028-02-29 10:00"),
            ("Europe/Berlin", "2027-03-31 10:00", ("month", 1), "2027-04-30 10:00"),
            ("Europe/Berlin", "2026-12-31 10:00", ("month", 2), "2027-02-28 10:00"),
            # A leap day has no birthday in the next year.
            ("Europe/Berlin", "2028-02-29 10:00", ("year", 1), "2029-02-28 10:00"),
            ("Europe/Berlin", "2028-02-29 10:00", ("year", 4), "2032-02-29 10:00"),
            # Daylight saving keeps the clock on the wall, so a day has 23 or 25 hours.
            ("Europe/Berlin", "2027-03-27 12:00", ("day", 1), "2027-03-28 12:00"),
            ("Europe/Berlin", "2027-10-30 12:00", ("day", 1), "2027-10-31 12:00"),
            ("Europe/Berlin", "2027-03-01 00:00", ("month", 1), "2027-04-01 00:00"),
            ("America/New_York", "2027-03-10 18:30", ("week", 1), "2027-03-17 18:30"),
            # No daylight saving, a half-hour offset, the far side of the date line.
            ("Asia/Kolkata", "2027-01-31 23:45", ("month", 1), "2027-02-28 23:45"),
            ("Pacific/Auckland", "2027-08-31 08:00", ("month", 1), "2027-09-30 08:00"),
            ("Pacific/Kiritimati", "2027-12-31 00:00", ("week", 2), "2028-01-14 00:00"),
        ],
    )
    def test_follows_the_calendar_of_the_club(
        self, zone: str, start: str, duration: tuple[str, int], end: str
    ) -> None:
        there = ZoneInfo(zone)
        package = new_package(duration=duration)
        with in_zone(zone):
            local = datetime.fromisoformat(start).replace(tzinfo=there)
            row = stored(grant(package, starts_at=local))
        assert row.starts_at == local.astimezone(UTC)
        assert row.ends_at is not None
        assert row.ends_at.astimezone(there).strftime("%Y-%m-%d %H:%M") == end

    def test_is_an_hour_off_in_utc_across_daylight_saving(self) -> None:
        berlin = ZoneInfo("Europe/Berlin")
        spring = datetime(2027, 3, 27, 12, tzinfo=berlin)
        autumn = datetime(2027, 10, 30, 12, tzinfo=berlin)
        hours = []
        for start in (spring, autumn):
            row = stored(grant(duration=("day", 1), starts_at=start))
            assert row.ends_at is not None
            hours.append((row.ends_at - row.starts_at) / timedelta(hours=1))
        assert hours == [23, 25]

    def test_is_never_without_a_duration(self) -> None:
        subscription_id = grant(visits=3, duration=None)
        assert stored(subscription_id).ends_at is None
        assert due_at(subscription_id) is None


@pytest.mark.usefixtures("bound_a")
class TestActivate:
    def test_grants_the_credits_in_one_lot_that_ends_with_it(self) -> None:
        row = stored(grant(visits=7))
        lot = CreditLot.objects.get(subscription=row)
        assert (row.status, row.credits, row.used_credits) == ("active", 7, 0)
        assert (lot.granted, lot.remaining, lot.ends_at) == (7, 7, row.ends_at)
        assert lines_of(row.id) == [("grant", 7, 7)]
        assert CreditEntry.objects.get(subscription=row).actor == STAFF
        assert row.ends_at is not None
        assert due_at(row.id) == row.ends_at - WEEK  # the reminder comes first

    def test_writes_no_line_for_a_period(self) -> None:
        row = stored(grant())
        assert (row.status, row.credits, row.credits_left) == ("active", None, None)
        assert lines_of(row.id) == []
        assert row.ends_at is not None
        assert due_at(row.id) == row.ends_at - WEEK

    def test_waits_for_the_payment(self) -> None:
        pending = sell(
            new_package(visits=3), new_customer(), method=PaymentMethod.TRANSFER
        ).subscription
        assert (pending.status, pending.credits) == ("pending", 0)
        assert lines_of(pending.id) == []
        assert due_at(pending.id) is None

    def test_starts_when_it_is_paid(self) -> None:
        pending = sell(
            new_package(visits=3, duration=("week", 1)),
            new_customer(),
            method=PaymentMethod.TRANSFER,
        ).subscription
        paid = BORN + timedelta(days=3)
        services.activate_subscription(subscription_id=pending.id, now=paid, actor=STAFF)
        row = stored(pending.id)
        assert (row.status, row.starts_at, row.ends_at) == ("active", paid, paid + WEEK)
        assert lines_of(row.id) == [("grant", 3, 3)]
        assert CreditLot.objects.get(subscription=row).ends_at == row.ends_at

    def test_keeps_a_start_that_is_still_to_come(self) -> None:
        pending = sell(
            new_package(duration=("week", 1)),
            new_customer(),
            method=PaymentMethod.TRANSFER,
            starts_at=BORN + WEEK,
        ).subscription
        services.activate_subscription(subscription_id=pending.id, now=BORN, actor=STAFF)
        row = stored(pending.id)
        assert (row.starts_at, row.ends_at) == (BORN + WEEK, BORN + 2 * WEEK)

    @pytest.mark.parametrize("status", ["active", "frozen", "expired", "cancelled"])
    def test_happens_once(self, status: str) -> None:
        subscription_id = grant(visits=3)
        Subscription.objects.filter(pk=subscription_id).update(status=status)
        with pytest.raises(ChangeNotAllowed), transaction.atomic():
            services.activate_subscription(subscription_id=subscription_id, now=BORN, actor=STAFF)
        assert lines_of(subscription_id) == [("grant", 3, 3)]


@pytest.mark.usefixtures("bound_a")
class TestRollback:
    def test_leaves_no_trace_of_a_grant_that_fails(self, monkeypatch: pytest.MonkeyPatch) -> None:
        customer, package = new_customer(), new_package(visits=3)

        def full(**_: object) -> None:
            raise DatabaseError("the list is full")

        monkeypatch.setattr(changes.due_work, "schedule", full)
        with pytest.raises(DatabaseError, match="full"):
            services.grant_subscription(
                customer_id=customer.id,
                package_id=package.id,
                starts_at=None,
                now=BORN,
                actor=STAFF,
            )
        assert not Subscription.objects.filter(customer=customer).exists()
        assert not CreditLot.objects.filter(subscription__customer=customer).exists()


@pytest.mark.usefixtures("bound_a")
class TestTrials:
    def test_are_for_those_who_have_had_nothing(self) -> None:
        trial = new_package(purpose="trial", duration=("week", 1))
        newcomer = new_customer().id
        assert stored(grant(trial, customer=newcomer)).purpose == "trial"
        with pytest.raises(TrialUsed) as caught:
            grant(trial, customer=newcomer)
        assert caught.value.extras == {}
        assert Subscription.objects.filter(customer_id=newcomer).count() == 1

    def test_are_not_for_those_who_have_had_something_else(self) -> None:
        regular, trial = new_customer().id, new_package(purpose="trial")
        cancel(grant(customer=regular))
        with pytest.raises(TrialUsed):
            grant(trial, customer=regular)

    def test_do_not_count_guest_passes(self) -> None:
        guest = new_customer().id
        grant(purpose="guest", visits=1, customer=guest)
        assert stored(grant(purpose="trial", customer=guest)).status == "active"

    def test_do_not_count_what_was_cancelled_before_it_was_paid(self) -> None:
        buyer = new_customer()
        unpaid = sell(new_package(), buyer, method=PaymentMethod.TRANSFER).subscription.id
        trial = new_package(purpose="trial")
        with pytest.raises(TrialUsed):
            grant(trial, customer=buyer.id)
        cancel(unpaid)
        assert stored(grant(trial, customer=buyer.id)).status == "active"

    def test_are_not_used_up_by_other_customers(self) -> None:
        trial = new_package(purpose="trial")
        for _ in range(2):
            assert stored(grant(trial)).status == "active"

    def test_are_refused_at_the_desk_as_well(self) -> None:
        buyer, trial = new_customer(), new_package(purpose="trial")
        sell(trial, buyer)
        with pytest.raises(TrialUsed):
            sell(trial, buyer)
        assert Invoice.objects.filter(customer_id=buyer.id).count() == 1


@pytest.mark.usefixtures("bound_a")
class TestPurchaseLimit:
    def test_is_how_often_one_customer_may_have_it(self) -> None:
        package, buyer = new_package(visits=1, max_per_customer=2), new_customer().id
        for _ in range(2):
            grant(package, customer=buyer)
        with pytest.raises(PurchaseLimitReached) as caught:
            grant(package, customer=buyer)
        assert caught.value.extras == {"allowed": 2}
        assert Subscription.objects.filter(customer_id=buyer).count() == 2
        grant(package)  # for somebody else
        grant(visits=1, customer=buyer)  # of something else

    def test_counts_what_is_over_and_what_is_not_paid_yet(self) -> None:
        for method in (PaymentMethod.CASH, PaymentMethod.TRANSFER):
            package, buyer = new_package(max_per_customer=1), new_customer()
            sale = sell(package, buyer, method=method)
            if method == PaymentMethod.CASH:
                cancel(sale.subscription.id)
            with pytest.raises(PurchaseLimitReached):
                grant(package, customer=buyer.id)

    def test_does_not_count_what_was_cancelled_before_it_was_paid(self) -> None:
        package, buyer = new_package(max_per_customer=1), new_customer()
        cancel(sell(package, buyer, method=PaymentMethod.TRANSFER).subscription.id)
        assert stored(grant(package, customer=buyer.id)).status == "active"


@pytest.mark.usefixtures("bound_a")
class TestFromTheFirstVisit:
    def test_has_no_end_before_it(self) -> None:
        held = grant(visits=3, duration=("day", 5), valid_from="first_visit")
        row = stored(held)
        assert (row.status, row.begun_at, row.ends_at) == ("active", None, None)
        assert lots_of(held) == [(3, None)]
        assert due_at(held) is None

    def test_may_have_been_bought_long_ago(self) -> None:
        long_ago = BORN - timedelta(days=3000)
        held = grant(duration=("day", 5), valid_from="first_visit", starts_at=long_ago)
        assert (stored(held).starts_at, stored(held).ends_at) == (long_ago, None)

    def test_is_not_before_the_start(self) -> None:
        held = grant(duration=("day", 5), valid_from="first_visit", starts_at=BORN + WEEK)
        customer = stored(held).customer_id
        assert reason(customer=customer, at=BORN) == "not_started"
        assert stored(held).begun_at is None
        assert reason(customer=customer, at=BORN + WEEK) == "ok"
        assert stored(held).ends_at == BORN + WEEK + timedelta(days=5)

    def test_waits_for_the_payment_as_well(self) -> None:
        buyer = new_customer()
        package = new_package(duration=("day", 5), valid_from="first_visit")
        held = sell(package, buyer, method=PaymentMethod.TRANSFER).subscription.id
        assert reason(customer=buyer.id, at=BORN) == "no_subscription"
        services.activate_subscription(subscription_id=held, now=BORN + WEEK, actor=STAFF)
        assert stored(held).ends_at is None
        assert reason(customer=buyer.id, at=BORN + 2 * WEEK) == "ok"
        assert stored(held).begun_at == BORN + 2 * WEEK
