"""Merging while the door is open: every scan is charged once, and to the right subscription."""

import threading
from collections.abc import Callable
from uuid import UUID

import pytest

from platform_shared.kit import clock
from platform_shared.kit.ids import new_id
from platform_shared.kit.principal import SYSTEM
from tenant_apps.checkins import services
from tenant_apps.checkins.enums import Kind
from tenant_apps.checkins.models import CheckIn
from tenant_apps.customers import merging, selectors
from tenant_apps.customers.models import Customer, Merge
from tenant_apps.subscriptions.models import Subscription
from tests.concurrency.crowd import meeting, race
from tests.support.world import ClubWorld
from tests.tenant_apps.sales.desk import Pass, new_customer, new_pass
from tests.tenant_apps.subscriptions.ledger import assert_balanced

SCANS = 12


def scanning(code: str, times: int = 1) -> Callable[[], str]:
    """Return a job that scans a code; it says the last reason."""

    def job() -> str:
        said = ""
        for _ in range(times):
            asked = services.Scan(scan_id=new_id(), kind=Kind.ENTRY, code=code)
            said = services.record_scan(scan=asked, now=clock.now(), actor=SYSTEM).check_in.reason
        return said

    return job


def merging_of(duplicate: UUID, survivor: UUID) -> Callable[[], str]:
    def job() -> str:
        merging.merge_customers(
            survivor_id=survivor, duplicate_id=duplicate, now=clock.now(), actor=SYSTEM
        )
        return "merged"

    return job


def assert_every_visit_is_paid(*subscriptions: UUID, visits: int) -> None:
    """Fail unless ledger, lots, counters and the log tell of so many visits."""
    used = 0
    for subscription_id in subscriptions:
        assert_balanced(subscription_id)
        used += Subscription.objects.get(pk=subscription_id).used_credits or 0
    accepted = CheckIn.objects.filter(subscription__in=subscriptions, result="accepted")
    assert used == accepted.exclude(lot=None).count() == visits


class TestScansOfTheDuplicatesCode:
    def test_are_each_charged_once(self, club: ClubWorld) -> None:
        """Four doors scan both codes all along while the two become one."""
        for _ in range(5):
            old, new = (new_pass(visits=2 * SCANS, at=clock.now()) for _ in range(2))
            said = race(
                club.ref,
                merging_of(old.customer, new.customer),
                *(scanning(code, SCANS) for code in (old.code, new.code) * 2),
            )
            assert said == ["merged", *["ok"] * 4]
            assert_every_visit_is_paid(old.subscription, new.subscription, visits=4 * SCANS)
            later = CheckIn.objects.filter(subscription_id=old.subscription).latest("id")
            assert later.customer_id in (old.customer, new.customer)


class TestWithoutGuards:
    """A scan waits in the middle of a merge, or would if there were a lock to wait for."""

    @staticmethod
    def scan_amid_merge(club: ClubWorld, monkeypatch: pytest.MonkeyPatch) -> tuple[str, Pass, UUID]:
        """Scan the duplicate's code when its things are about to move; return what was said.

        The survivor has nothing that opens the door but what moves.
        """
        old = new_pass(visits=1, at=clock.now())
        new = new_customer("Survivor").id
        amid, meet = threading.Event(), meeting(2)
        move = merging.movers()["subscriptions"]

        def halfway(duplicate: UUID, survivor: UUID) -> int:
            amid.set()
            meet()  # long enough for a scan that waits for nobody to be over
            return move(duplicate, survivor)

        monkeypatch.setitem(merging._movers, "subscriptions", halfway)

        def scan() -> str:
            assert amid.wait(timeout=60)
            said = scanning(old.code)()
            meet()
            return said

        merged, said = race(club.ref, merging_of(old.customer, new), scan)
        assert merged == "merged"
        return said, old, new

    def test_it_is_judged_as_the_survivors(
        self, club: ClubWorld, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        said, old, new = self.scan_amid_merge(club, monkeypatch)
        assert said == "ok"
        assert CheckIn.objects.get(subscription=old.subscription).customer_id == new
        assert_every_visit_is_paid(old.subscription, visits=1)

    def test_it_would_be_the_duplicates_without_the_lock(
        self, club: ClubWorld, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(
            selectors, "lock_customer", lambda customer_id: Customer.objects.get(pk=customer_id)
        )
        said, old, new = self.scan_amid_merge(club, monkeypatch)
        assert said == "ok"
        # It was let in by somebody who was being done away with.
        assert CheckIn.objects.get(subscription=old.subscription).customer_id == old.customer
        with pytest.raises(AssertionError):
            assert CheckIn.objects.get(subscription=old.subscription).customer_id == new

    def test_it_would_be_refused_if_it_did_not_look_again(
        self, club: ClubWorld, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """What it has waited for is the row of a customer who is not the code's any more."""
        monkeypatch.setattr(services, "_require_locks", lambda *_: None)
        said, old, _ = self.scan_amid_merge(club, monkeypatch)
        assert said == "unknown_code"
        assert_every_visit_is_paid(old.subscription, visits=0)


class TestMergesAtOnce:
    def test_of_the_same_two_are_one(self, club: ClubWorld) -> None:
        for _ in range(5):
            a, b = new_customer("A").id, new_customer("B").id
            said = race(club.ref, merging_of(a, b), merging_of(b, a), merging_of(a, b))
            assert sorted(said) == ["CustomerMerged", "CustomerMerged", "merged"]
            assert Merge.objects.filter(pk__in=(a, b)).count() == 1

    def test_of_a_chain_lead_to_its_end(self, club: ClubWorld) -> None:
        a, b, c = (new_customer(name).id for name in "ABC")
        said = race(club.ref, merging_of(a, b), merging_of(b, c))
        assert said in (["merged", "merged"], ["CustomerMerged", "merged"])
        assert Merge.objects.get(pk=b).survivor_id == c
        for row in Merge.objects.filter(pk__in=(a, b)):
            assert row.survivor_id == c
