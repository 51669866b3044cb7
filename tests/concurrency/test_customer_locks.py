"""Customers' locks against rows that refer to customers: nobody waits in a ring."""

import threading
from collections.abc import Callable
from uuid import UUID

import pytest
from django.core.files.base import ContentFile
from django.db import transaction

from platform_shared.kit import clock
from platform_shared.kit.ids import new_id
from platform_shared.kit.principal import SYSTEM
from tenant_apps.customers import imports, merging, selectors, services
from tenant_apps.customers.models import Customer
from tenant_apps.subscriptions import services as subscription_services
from tests.concurrency.crowd import MEETING_SECONDS, meeting, race
from tests.support import statements
from tests.support.world import ClubWorld
from tests.tenant_apps.checkins.door import scan
from tests.tenant_apps.sales.desk import STAFF, Pass, new_customer, new_pass

DEADLOCK = "OperationalError"


@pytest.fixture
def with_keys(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Take the guard away: lock customers against rows that come to refer to them, too."""

    def lock(customers: object) -> object:
        rows = Customer.objects.filter(pk__in=customers).order_by("pk")
        return rows.select_for_update(of=("self",))

    return lambda: statements.replace(monkeypatch, selectors, "lock_rows_of", lock)


class TestImportAndDesk:
    """A step of an import skips a customer whose record a desk is changing."""

    @pytest.fixture
    def meet(self, club: ClubWorld, monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[str]]:
        number = f"030 {2_000_000 + new_id().int % 7_000_000}"
        known = new_customer("Xenia", phone=number, allow_duplicate=True)
        file = ContentFile(f"name,phone\nXenia,{number}\n".encode())
        begun = imports.start_import(file=file, dry_run=False, now=clock.now(), actor=SYSTEM)
        together = meeting(2)
        lock_everybody, claim = services.lock_everybody, services._claim

        def lock_everybody_first() -> None:
            lock_everybody()
            together()

        def claim_together(*args: object, **options: object) -> object:
            together()
            return claim(*args, **options)

        monkeypatch.setattr(services, "lock_everybody", lock_everybody_first)
        monkeypatch.setattr(services, "_claim", claim_together)

        def step() -> str:
            with transaction.atomic():
                imports.work_on(begun.id, clock.now())
            return "imported"

        def change() -> str:
            services.change_customer(
                customer_id=known.id, changes={"notes": "hello"}, now=clock.now()
            )
            return "changed"

        return lambda: race(club.ref, step, change)

    def test_both_come_through(self, meet: Callable[[], list[str]]) -> None:
        assert meet() == ["imported", "changed"]

    def test_would_wait_for_each_other_if_keys_were_locked(
        self, meet: Callable[[], list[str]], with_keys: Callable[[], None]
    ) -> None:
        with_keys()
        assert DEADLOCK in meet()


class TestMergeAndFamily:
    """A child is at the door with what a parent shares, while the parent's two records merge."""

    @pytest.fixture
    def meet(self, club: ClubWorld, monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[str]]:
        child = new_customer("Child").id  # older than the survivor: locked before it at the door
        survivor = new_pass(visits=10, at=clock.now(), max_members=3)
        duplicate = new_customer("Parent").id
        services.change_customer(
            customer_id=child, changes={"guardian_id": duplicate}, now=clock.now()
        )
        subscription_services.add_member(
            subscription_id=survivor.subscription, customer_id=child, now=clock.now(), actor=STAFF
        )
        return lambda: self._race(club, monkeypatch, survivor, duplicate, child)

    @staticmethod
    def _race(
        club: ClubWorld,
        monkeypatch: pytest.MonkeyPatch,
        survivor: Pass,
        duplicate: UUID,
        child: UUID,
    ) -> list[str]:
        begun, move_login = threading.Event(), merging._move_login

        def dawdle(*args: object) -> None:
            begun.set()
            threading.Event().wait(MEETING_SECONDS)  # for the scan to come as far as it can
            move_login(*args)  # type: ignore[arg-type]

        monkeypatch.setattr(merging, "_move_login", dawdle)

        def merge() -> str:
            merging.merge_customers(
                survivor_id=survivor.customer,
                duplicate_id=duplicate,
                now=clock.now(),
                actor=SYSTEM,
            )
            return "merged"

        def come() -> str:
            assert begun.wait(timeout=30)
            return scan(customer=child, at=clock.now()).check_in.reason

        return race(club.ref, merge, come)

    def test_both_come_through(self, meet: Callable[[], list[str]]) -> None:
        assert meet() == ["merged", "ok"]

    def test_would_wait_for_each_other_if_wards_were_not_locked_first(
        self, meet: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def lock_two(survivor_id: UUID, duplicate_id: UUID) -> tuple[Customer, Customer]:
            found = {
                customer_id: selectors.lock_customer(customer_id)
                for customer_id in sorted((survivor_id, duplicate_id))
            }
            return found[survivor_id], found[duplicate_id]

        monkeypatch.setattr(merging, "_lock_both", lock_two)
        assert DEADLOCK in meet()
