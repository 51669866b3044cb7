"""Subscriptions that are shared, handed over, frozen and ended while people come in on them.

In threads with connections of their own, at a door that is ``checkins.services.record_scan``. Each
race is held once with everything in place, and once with a guard taken away.
"""

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import pytest
from django.db import transaction

from platform_shared.clubs.models import Club
from platform_shared.kit import clock
from tenant_apps.checkins import loading, occupancy, services
from tenant_apps.checkins.enums import Kind, Result
from tenant_apps.checkins.models import CheckIn
from tenant_apps.customers.models import Customer
from tenant_apps.locations.models import Location
from tenant_apps.subscriptions import services as subscription_services
from tenant_apps.subscriptions.models import Subscription
from tenant_apps.subscriptions.services import rests, settling
from tests.concurrency.crowd import meeting, race
from tests.support import statements
from tests.support.world import ClubWorld
from tests.tenant_apps.checkins.door import scan
from tests.tenant_apps.sales.desk import STAFF, new_customer, new_pass
from tests.tenant_apps.subscriptions.holding import DAY
from tests.tenant_apps.subscriptions.ledger import assert_balanced

ROUNDS = 12
Job = Callable[[], str]


def by() -> dict[str, Any]:
    """Return when something is done, and by whom."""
    return {"now": clock.now(), "actor": STAFF}


def coming(
    customer: UUID, times: int = 1, *, at: datetime | None = None, location: UUID | None = None
) -> Job:
    """Return a job that has a customer come so often; it says why they were let in or not."""

    def come() -> str:
        return ",".join(
            scan(customer=customer, at=at or clock.now(), location=location).check_in.reason
            for _ in range(times)
        )

    return come


def done(change: Callable[[], Any]) -> Job:
    """Return a job that makes a change."""

    def make() -> str:
        change()
        return "done"

    return make


def share(subscription: UUID, *customers: UUID) -> None:
    """Let them use it as well."""
    for customer in customers:
        subscription_services.add_member(subscription_id=subscription, customer_id=customer, **by())


def accepted(subscription: UUID) -> int:
    """Return how many were let in on it."""
    rows = CheckIn.objects.filter(subscription_id=subscription, kind=Kind.ENTRY)
    return rows.filter(result=Result.ACCEPTED).count()


def assert_books(subscription: UUID) -> None:
    """Fail unless ledger, lots and counters agree, and every visit was charged once."""
    assert_balanced(subscription)
    assert Subscription.objects.get(pk=subscription).used_credits == accepted(subscription)


def without_locks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the door lock nobody."""
    statements.replace(
        monkeypatch,
        services.customer_selectors,
        "lock_rows_of",
        lambda customers: Customer.objects.filter(pk__in=customers),
    )


@pytest.fixture
def meet_before_deciding(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have two scans wait for each other after both have looked; with a lock they cannot."""
    meet, decide = meeting(2), services.decision.decide

    def together(**facts: Any) -> Any:
        meet()
        return decide(**facts)

    monkeypatch.setattr(services.decision, "decide", together)


@pytest.mark.usefixtures("meet_before_deciding")
class TestTheLastSharedCredit:
    """Two members at two doors, and one credit of somebody else's."""

    @pytest.fixture
    def family(self, club: ClubWorld) -> tuple[UUID, UUID, UUID]:
        """A subscription of one visit and the two who share it."""
        held = new_pass(visits=1, max_members=2, at=clock.now()).subscription
        children = new_customer("Ada").id, new_customer("Bea").id
        share(held, *children)
        return held, *children

    def test_lets_one_of_two_members_in(
        self, club: ClubWorld, family: tuple[UUID, UUID, UUID]
    ) -> None:
        held, *children = family
        said = race(club.ref, *(coming(child) for child in children))
        assert sorted(said) == ["no_credits", "ok"]
        assert_books(held)

    def test_lets_a_member_or_the_owner_in(
        self, club: ClubWorld, family: tuple[UUID, UUID, UUID]
    ) -> None:
        held, child, _ = family
        owner = Subscription.objects.get(pk=held).customer_id
        assert sorted(race(club.ref, coming(child), coming(owner))) == ["no_credits", "ok"]
        assert_books(held)

    def test_the_database_has_to_refuse_without_the_owners_lock(
        self,
        club: ClubWorld,
        family: tuple[UUID, UUID, UUID],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        # Negative control: each locks only themselves, and is let in by the same credit.
        held, *children = family
        statements.replace(
            monkeypatch,
            services.subscription_selectors,
            "payers_of",
            lambda customers: customers,
        )
        monkeypatch.setattr(services, "_require_locks", lambda *_: None)
        said = race(club.ref, *(coming(child) for child in children))
        assert sorted(said) == ["IntegrityError", "ok"]
        assert_books(held)


class TestTheLastPlace:
    """Two scans at once at the door itself, and one place."""

    @pytest.fixture
    def room(self, club: ClubWorld) -> Iterator[Callable[[str], None]]:
        """Leave one place in the club, or in its location."""
        taken = occupancy.get_occupancy(clock.now())

        def leave(where: str) -> None:
            if where == "club":
                Club.objects.filter(pk=club.ref.id).update(capacity=taken.inside + 1)
            else:
                here = next(room for room in taken.locations if room.id == club.location)
                Location.objects.filter(pk=club.location).update(capacity=here.inside + 1)

        yield leave
        Club.objects.filter(pk=club.ref.id).update(capacity=None)
        Location.objects.filter(pk=club.location).update(capacity=None)

    @pytest.fixture
    def both(self, club: ClubWorld, meet_before_deciding: None) -> Callable[[], list[str]]:
        """Two customers come in at once; return what the door said."""

        def come() -> list[str]:
            members = [new_pass(visits=3, at=clock.now()) for _ in range(2)]
            jobs = (coming(member.customer, location=club.location) for member in members)
            said = sorted(race(club.ref, *jobs))
            for member in members:
                assert_books(member.subscription)
            return said

        return come

    @pytest.mark.parametrize("where", ["club", "location"])
    def test_is_taken_once(
        self, room: Callable[[str], None], both: Callable[[], list[str]], where: str
    ) -> None:
        room(where)
        assert both() == ["location_full", "ok"]

    @pytest.mark.parametrize("where", ["club", "location"])
    def test_would_be_taken_twice_without_the_lock(
        self,
        room: Callable[[str], None],
        both: Callable[[], list[str]],
        where: str,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(
            occupancy, "LOCK_SQL", "VALUES (%s::text, %s::text, %s::text, %s::text)"
        )
        room(where)
        assert both() == ["ok", "ok"]


class TestTransfer:
    """Handed to and fro between two customers while both, and a member, come in."""

    def test_charges_nobody_wrongly_and_fails_no_scan(self, club: ClubWorld) -> None:
        held = new_pass(visits=3 * ROUNDS, max_members=1, at=clock.now())
        old, new, child = held.customer, new_customer("New").id, new_customer("Child").id
        share(held.subscription, child)

        def to_and_fro() -> None:
            for turn in range(ROUNDS):
                subscription_services.transfer_subscription(
                    subscription_id=held.subscription,
                    customer_id=(new, old)[turn % 2],
                    reason="",
                    **by(),
                )

        visitors = [coming(who, ROUNDS) for who in (old, new, child)]
        *said, handed = race(club.ref, *visitors, done(to_and_fro))
        assert handed == "done"
        reasons = [Counter(str(text).split(",")) for text in said]
        # A member is never turned away; an owner only while it is the other's.
        assert reasons[2] == {"ok": ROUNDS}
        for found in reasons[:2]:
            assert set(found) <= {"ok", "no_subscription"}
            assert found.total() == ROUNDS
        assert sum(found["ok"] for found in reasons) == accepted(held.subscription)
        assert_books(held.subscription)

    @pytest.fixture
    def handed_over_meanwhile(self, club: ClubWorld, monkeypatch: pytest.MonkeyPatch) -> Any:
        """A member's scan that has found out whom to lock when the subscription goes to another.

        The owner's lock is held by the transfer, for which the scan waits; then the owner is
        another.
        """
        held = new_pass(visits=3, max_members=1, at=clock.now())
        heir, child = new_customer("Heir").id, new_customer("Child").id
        share(held.subscription, child)
        waits, tries = threading.Event(), []
        load = loading.lock_and_load

        def counted(**asked: Any) -> Any:
            tries.append(asked)
            waits.set()
            return load(**asked)

        monkeypatch.setattr(loading, "lock_and_load", counted)

        started = threading.Event()

        def first() -> None:
            with transaction.atomic():
                subscription_services.transfer_subscription(
                    subscription_id=held.subscription, customer_id=heir, reason="", **by()
                )
                started.set()
                waits.wait(timeout=10)
                meeting(2)()  # nobody else comes: so long the scan has to get to the lock

        def then() -> str:
            started.wait(timeout=10)
            return coming(child)()

        return held, tries, lambda: race(club.ref, done(first), then)

    def test_has_a_scan_look_again_that_locked_whose_it_was(
        self, handed_over_meanwhile: Any
    ) -> None:
        held, tries, both = handed_over_meanwhile
        assert both() == ["done", "ok"]
        assert len(tries) == 2
        assert_books(held.subscription)

    def test_would_go_wrong_without_a_second_look(
        self, handed_over_meanwhile: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        # Negative control: charged to somebody whose lock nobody holds.
        _, tries, both = handed_over_meanwhile
        monkeypatch.setattr(services, "_require_locks", lambda *_: None)
        assert both() == ["done", "ok"]
        assert len(tries) == 1


@pytest.fixture
def meet_at(monkeypatch: pytest.MonkeyPatch) -> Callable[[Any, str], None]:
    """Have a scan that has decided and a change that is about to write wait for each other."""
    meet, decide = meeting(2), services.decision.decide

    def decided(**facts: Any) -> Any:
        verdict = decide(**facts)
        meet()
        return verdict

    def at(module: Any, name: str) -> None:
        act = getattr(module, name)

        def together(*asked: Any, **options: Any) -> Any:
            meet()
            return act(*asked, **options)

        monkeypatch.setattr(services.decision, "decide", decided)
        monkeypatch.setattr(module, name, together)

    return at


class TestExpiry:
    """The end comes while somebody comes in by a clock that has not got there."""

    @pytest.fixture
    def ending(self, club: ClubWorld) -> tuple[UUID, UUID, datetime]:
        """A subscription of ten visits, whose it is, and its end."""
        held = new_pass(visits=10, duration=("day", 1), at=clock.now())
        end = Subscription.objects.get(pk=held.subscription).ends_at
        assert end is not None
        return held.subscription, held.customer, end

    def test_comes_before_or_after_a_scan_but_not_into_it(
        self, club: ClubWorld, ending: tuple[UUID, UUID, datetime]
    ) -> None:
        held, customer, end = ending
        said = race(
            club.ref,
            *(coming(customer, 3, at=end - DAY / 2) for _ in range(3)),
            done(lambda: settle(held, end)),
        )
        assert said[-1] == "done"
        reasons = Counter(",".join(map(str, said[:-1])).split(","))
        assert set(reasons) <= {"ok", "subscription_expired"}
        assert reasons["ok"] == accepted(held)
        row = Subscription.objects.get(pk=held)
        assert (row.status, row.credits_left) == ("expired", 0)
        assert_books(held)

    def test_is_kept_apart_from_a_scan_by_the_owners_lock(
        self,
        club: ClubWorld,
        ending: tuple[UUID, UUID, datetime],
        meet_at: Callable[[Any, str], None],
    ) -> None:
        held, customer, end = ending
        meet_at(settling, "_expire")
        said = race(club.ref, coming(customer, at=end - DAY / 2), done(lambda: settle(held, end)))
        assert_all_went_well(said, held)

    def test_would_lose_the_books_without_it(
        self,
        club: ClubWorld,
        ending: tuple[UUID, UUID, datetime],
        meet_at: Callable[[Any, str], None],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        # Negative control: both write what follows from what they read.
        held, customer, end = ending
        meet_at(settling, "_expire")
        unlock_changes(monkeypatch)
        without_locks(monkeypatch)
        said = race(club.ref, coming(customer, at=end - DAY / 2), done(lambda: settle(held, end)))
        with pytest.raises(AssertionError):
            assert_all_went_well(said, held)


def assert_all_went_well(said: Sequence[str], held: UUID) -> None:
    """Fail unless a scan was answered, the end came, and the books show both."""
    assert said[0] in ("ok", "subscription_expired")
    assert said[1] == "done"
    assert Subscription.objects.get(pk=held).credits_left == 0
    assert_books(held)


def settle(held: UUID, now: datetime) -> None:
    """Bring it up to date, as a task does."""
    with transaction.atomic():
        subscription_services.settle(held, now)


def unlock_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have changes of a subscription read it without any lock."""
    monkeypatch.setattr(
        services.subscription_selectors,
        "lock_with_owner",
        lambda subscription_id, *_: Subscription.objects.get(pk=subscription_id),
    )


class TestFreeze:
    """Put to rest and woken again and again while people come in."""

    def test_comes_before_or_after_a_scan_but_not_into_it(self, club: ClubWorld) -> None:
        held = new_pass(visits=3 * ROUNDS, max_members=1, at=clock.now())
        child = new_customer("Child").id
        share(held.subscription, child)

        def on_and_off() -> None:
            for _ in range(ROUNDS):
                subscription_services.freeze_subscription(
                    subscription_id=held.subscription,
                    starts_at=None,
                    ends_at=None,
                    reason="",
                    **by(),
                )
                subscription_services.unfreeze_subscription(
                    subscription_id=held.subscription, reason="", **by()
                )

        visitors = (held.customer, child)
        *said, rested = race(club.ref, *(coming(who, ROUNDS) for who in visitors), done(on_and_off))
        assert rested == "done"
        reasons = Counter(",".join(map(str, said)).split(","))
        assert set(reasons) <= {"ok", "subscription_frozen"}
        assert reasons.total() == 2 * ROUNDS
        assert reasons["ok"] == accepted(held.subscription)
        row = Subscription.objects.get(pk=held.subscription)
        assert (row.status, row.frozen_from) == ("active", None)
        (lot,) = row.lots.all()
        assert lot.ends_at == row.ends_at
        assert_books(held.subscription)

    @pytest.fixture
    def first_visit(self, club: ClubWorld) -> tuple[UUID, UUID]:
        """A subscription that counts from the first visit, and whose it is."""
        held = new_pass(visits=3, duration=("day", 5), valid_from="first_visit", at=clock.now())
        return held.subscription, held.customer

    @staticmethod
    def both(club: ClubWorld, held: UUID, customer: UUID) -> list[str]:
        """Come for the first time while a rest of two days is planned for tomorrow."""
        since = clock.now() + DAY

        def plan() -> None:
            subscription_services.freeze_subscription(
                subscription_id=held, starts_at=since, ends_at=since + 2 * DAY, reason="", **by()
            )

        return race(club.ref, coming(customer), done(plan))

    @staticmethod
    def days(held: UUID) -> int:
        """Return how many days it lasts from the first visit on, to the nearest."""
        row = Subscription.objects.get(pk=held)
        assert row.begun_at is not None
        assert row.ends_at is not None
        return round((row.ends_at - row.begun_at) / DAY)

    def test_and_a_first_visit_move_the_end_once_whoever_comes_first(
        self,
        club: ClubWorld,
        first_visit: tuple[UUID, UUID],
        meet_at: Callable[[Any, str], None],
    ) -> None:
        held, customer = first_visit
        meet_at(rests, "move_ends")
        assert self.both(club, held, customer) == ["ok", "done"]
        assert self.days(held) == 7
        assert_books(held)

    def test_and_a_first_visit_would_lose_the_end_without_the_owners_lock(
        self,
        club: ClubWorld,
        first_visit: tuple[UUID, UUID],
        meet_at: Callable[[Any, str], None],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        # Negative control: neither knows of the other.
        held, customer = first_visit
        meet_at(rests, "move_ends")
        unlock_changes(monkeypatch)
        without_locks(monkeypatch)
        self.both(club, held, customer)
        with pytest.raises(AssertionError):
            assert self.days(held) == 7
