"""The list of due work: put on, claimed by one scheduler, carried out once."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import IntegrityError, OperationalError, connection, connections, transaction
from django.db.models import F, QuerySet

from platform_shared.due_work import services
from platform_shared.due_work.models import DueWork
from platform_shared.kit import locks
from platform_shared.kit.claims import CLAIM
from platform_shared.kit.ids import new_id
from platform_shared.tenancy import binding
from platform_shared.tenancy.club_ref import ClubRef
from platform_shared.tenancy.errors import ClubNotBound
from tenant_apps.customers.models import HomeLocation
from tenant_apps.locations.models import Location
from tests.conftest import LiveDatabase
from tests.support.world import ClubWorld

KIND = "tests.work"
# Long before anything that the world has put on the list.
DUE = datetime(2020, 1, 1, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
Done = list[tuple[UUID, datetime]]


def put(*, at: datetime = DUE, kind: str = KIND, subject: UUID | None = None) -> UUID:
    """Put work of the bound club on the list; return its subject."""
    subject = subject or new_id()
    services.schedule(kind=kind, subject_id=subject, due_at=at)
    return subject


def entry_of(subject: UUID) -> DueWork | None:
    """Return what stands on the list for a subject."""
    return DueWork.objects.filter(subject_id=subject).first()


def carry_out(subject: UUID, *, now: datetime = DUE) -> bool:
    """Carry out what stands on the list for a subject."""
    entry = entry_of(subject)
    assert entry is not None
    return services.carry_out(entry_id=entry.id, now=now)


@pytest.fixture
def done(monkeypatch: pytest.MonkeyPatch) -> Done:
    """A handler that writes down what it was asked to do."""
    asked: Done = []
    handle(monkeypatch, lambda subject, now: asked.append((subject, now)))
    return asked


def handle(monkeypatch: pytest.MonkeyPatch, handler: services.Handler) -> None:
    """Have the handler do the tests' work."""
    monkeypatch.setitem(services._handlers, KIND, handler)


class TestSchedule:
    def test_puts_it_on_the_shared_list(self, bound_a: ClubWorld) -> None:
        subject = put()
        with binding.platform():
            entry = DueWork.objects.get(subject_id=subject)
        assert (entry.club_id, entry.kind, entry.due_at) == (bound_a.ref.id, KIND, DUE)
        assert (entry.claimed_until, entry.attempts) == (None, 0)

    def test_moves_the_time_the_second_time(self, bound_a: ClubWorld) -> None:
        subject = put()
        put(subject=subject, at=DUE + MINUTE)
        assert DueWork.objects.get(subject_id=subject).due_at == DUE + MINUTE

    def test_frees_what_was_claimed(self, bound_a: ClubWorld) -> None:
        subject = put()
        services.claim(now=DUE)
        put(subject=subject)
        assert [entry.subject_id for entry in services.claim(now=DUE)] == [subject]

    def test_keeps_kinds_and_clubs_apart(self, club_a: ClubWorld, club_b: ClubWorld) -> None:
        subject = new_id()
        for club in (club_a, club_b):
            with binding.club(club.ref):
                put(subject=subject)
                put(subject=subject, kind="tests.other")
        assert DueWork.objects.filter(subject_id=subject).count() == 4

    def test_goes_when_the_transaction_does(self, bound_a: ClubWorld) -> None:
        with transaction.atomic():
            subject = put()
            transaction.set_rollback(True)
        assert entry_of(subject) is None

    def test_needs_a_club(self, platform_bound: None) -> None:
        with pytest.raises(ClubNotBound):
            put()


class TestScheduleOnce:
    def test_leaves_what_is_there_as_it_is(self, bound_a: ClubWorld) -> None:
        subject = new_id()
        for at in (DUE, DUE + MINUTE):
            services.schedule_once(kind=KIND, subject_id=subject, due_at=at)
        assert DueWork.objects.get(subject_id=subject).due_at == DUE

    @pytest.fixture
    def asked_twice(
        self, live_database: LiveDatabase, world: Any
    ) -> Iterator[Callable[[Callable[..., None]], None]]:
        """Ask for what is there by a transaction that stays open, and by another meanwhile."""
        asked = {"kind": KIND, "subject_id": new_id(), "due_at": DUE}

        def meanwhile(ask: Callable[..., None]) -> None:
            with binding.club(world.a.ref), transaction.atomic():
                with connection.cursor() as cursor:
                    cursor.execute("SET LOCAL lock_timeout = '200ms'")
                ask(**asked)

        def twice(ask: Callable[..., None]) -> None:
            with transaction.atomic():
                ask(**asked)
                at_once(lambda: meanwhile(ask))

        with binding.club(world.a.ref):
            services.schedule(**asked)
            yield twice
            DueWork.objects.filter(kind=KIND).delete()

    def test_waits_for_nobody_who_asks_for_the_same(
        self, asked_twice: Callable[[Callable[..., None]], None]
    ) -> None:
        asked_twice(services.schedule_once)

    def test_would_wait_if_it_touched_the_entry(
        self, asked_twice: Callable[[Callable[..., None]], None]
    ) -> None:
        with pytest.raises(OperationalError, match="lock timeout"):
            asked_twice(services.schedule)

    @pytest.fixture
    def put_after_a_dangling_row(self, bound_a: ClubWorld) -> Callable[[], None]:
        """Put work on the list after a row whose foreign key is checked at the commit."""

        def put_once() -> None:
            with transaction.atomic():
                HomeLocation.objects.create(customer_id=bound_a.customer, location_id=new_id())
                services.schedule_once(kind=KIND, subject_id=new_id(), due_at=DUE)
                transaction.set_rollback(True)

        return put_once

    def test_leaves_no_foreign_key_to_be_checked_by_the_commit(
        self, put_after_a_dangling_row: Callable[[], None]
    ) -> None:
        with pytest.raises(IntegrityError):
            put_after_a_dangling_row()

    def test_would_leave_it_unless_it_asked(
        self, put_after_a_dangling_row: Callable[[], None], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(connection, "check_constraints", lambda: None)
        put_after_a_dangling_row()


class TestClaim:
    def test_takes_what_is_due_in_order(self, club_a: ClubWorld, club_b: ClubWorld) -> None:
        with binding.club(club_a.ref):
            second, later = put(at=DUE), put(at=DUE + timedelta(microseconds=1))
        with binding.club(club_b.ref):
            first = put(at=DUE - MINUTE)
        with binding.platform():
            assert [entry.subject_id for entry in services.claim(now=DUE)] == [first, second]
        left = entry_of(later)
        assert left is not None
        assert left.claimed_until is None

    def test_takes_no_more_than_asked(self, bound_a: ClubWorld) -> None:
        subjects = [put(at=DUE - n * MINUTE) for n in range(3)]
        assert [e.subject_id for e in services.claim(now=DUE, limit=2)] == subjects[:0:-1]
        assert [e.subject_id for e in services.claim(now=DUE, limit=2)] == subjects[:1]

    def test_takes_it_once_until_the_claim_runs_out(self, bound_a: ClubWorld) -> None:
        subject = put()
        almost = DUE + CLAIM - timedelta(microseconds=1)
        claims = [services.claim(now=at) for at in (DUE, DUE, almost, DUE + CLAIM)]
        assert [len(entries) for entries in claims] == [1, 0, 0, 1]
        entry = DueWork.objects.get(subject_id=subject)
        assert (entry.attempts, entry.claimed_until) == (2, DUE + 2 * CLAIM)


class TestCarryOut:
    def test_does_it_and_takes_it_off(self, bound_a: ClubWorld, done: Done) -> None:
        subject = put()
        assert carry_out(subject, now=DUE + MINUTE)
        assert done == [(subject, DUE + MINUTE)]
        assert entry_of(subject) is None

    def test_does_it_once(self, bound_a: ClubWorld, done: Done) -> None:
        subject = put()
        entry = entry_of(subject)
        assert entry is not None
        answers = [services.carry_out(entry_id=entry.id, now=DUE) for _ in range(2)]
        assert answers == [True, False]
        assert len(done) == 1

    def test_does_nothing_before_its_time(self, bound_a: ClubWorld, done: Done) -> None:
        subject = put(at=DUE + MINUTE)
        assert not carry_out(subject, now=DUE)
        assert done == []
        assert entry_of(subject) is not None

    def test_does_no_work_of_another_club(
        self, club_a: ClubWorld, club_b: ClubWorld, done: Done
    ) -> None:
        with binding.club(club_a.ref):
            subject = put()
        with binding.club(club_b.ref):
            assert not carry_out(subject)
        assert done == []
        assert entry_of(subject) is not None

    def test_works_bound_to_the_club(
        self, bound_a: ClubWorld, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        seen: list[ClubRef] = []
        handle(monkeypatch, lambda *_: seen.append(binding.current_club()))
        carry_out(put())
        assert seen == [bound_a.ref]

    def test_keeps_it_when_the_handler_fails(
        self, bound_a: ClubWorld, monkeypatch: pytest.MonkeyPatch, done: Done
    ) -> None:
        def fail(subject: UUID, now: datetime) -> None:
            Location.objects.create(name="Half built", created_at=now)
            raise LookupError("the rest is missing")

        subject = put()
        services.claim(now=DUE)
        with monkeypatch.context() as patch:
            handle(patch, fail)
            with pytest.raises(LookupError, match="missing"):
                carry_out(subject)
        assert not Location.objects.filter(name="Half built").exists()
        assert services.claim(now=DUE) == []
        (again,) = services.claim(now=DUE + CLAIM)
        assert again.subject_id == subject
        assert services.carry_out(entry_id=again.id, now=DUE + CLAIM)
        assert [asked for asked, _ in done] == [subject]

    def test_keeps_what_the_handler_puts_off(
        self, bound_a: ClubWorld, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        handle(monkeypatch, lambda subject, now: put(subject=subject, at=now + MINUTE) and None)
        subject = put()
        assert carry_out(subject)
        entry = entry_of(subject)
        assert entry is not None
        assert (entry.due_at, entry.claimed_until) == (DUE + MINUTE, None)

    def test_keeps_what_nobody_handles(self, bound_a: ClubWorld) -> None:
        subject = put(kind="tests.nobody")
        with pytest.raises(LookupError, match=r"tests\.nobody"):
            carry_out(subject)
        assert entry_of(subject) is not None


def at_once(*jobs: Callable[[], Any]) -> list[Any]:
    """Run the jobs in threads of their own, with connections of their own."""

    def alone(job: Callable[[], Any]) -> Any:
        try:
            return job()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(jobs)) as pool:
        return [future.result() for future in [pool.submit(alone, job) for job in jobs]]


class TestSchedulersAtOnce:
    """Two schedulers that meet after choosing and before either has committed."""

    @pytest.fixture(autouse=True)
    def twenty(self, live_database: LiveDatabase, world: Any) -> Iterator[list[UUID]]:
        """Twenty entries that are due."""
        with binding.club(world.a.ref):
            subjects = [put(at=DUE + n * MINUTE) for n in range(20)]
        yield subjects
        DueWork.objects.filter(kind=KIND).delete()

    @pytest.fixture
    def claims(self, monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[set[UUID]]]:
        """Two claims at once, of ten entries each."""
        both = threading.Barrier(2)

        def meet(name: str) -> F:
            with suppress(threading.BrokenBarrierError):  # one of them may be waiting for a lock
                both.wait(timeout=2)
            return F(name)

        monkeypatch.setattr("platform_shared.kit.claims.F", meet)

        def claim() -> set[UUID]:
            with binding.platform():
                entries = services.claim(now=DUE + timedelta(hours=1), limit=10)
            return {entry.subject_id for entry in entries}

        return lambda: at_once(claim, claim)

    def test_share_the_work(
        self, twenty: list[UUID], claims: Callable[[], list[set[UUID]]]
    ) -> None:
        first, second = claims()
        assert (len(first), len(second)) == (10, 10)
        assert first | second == set(twenty)
        assert set(DueWork.objects.filter(kind=KIND).values_list("attempts", flat=True)) == {1}

    def test_would_both_take_the_same_without_the_lock(
        self,
        twenty: list[UUID],
        claims: Callable[[], list[set[UUID]]],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        # Negative control.
        monkeypatch.setattr(QuerySet, "select_for_update", lambda rows, **_: rows)
        first, second = claims()
        assert first == second


class TestWorkersAtOnce:
    """A second task for an entry comes while the first is at work."""

    @pytest.fixture
    def race(
        self, live_database: LiveDatabase, world: Any, monkeypatch: pytest.MonkeyPatch
    ) -> Iterator[Callable[[], tuple[list[bool], int]]]:
        both = threading.Barrier(2)
        calls: list[UUID] = []

        def handler(subject: UUID, now: datetime) -> None:
            calls.append(subject)
            with suppress(threading.BrokenBarrierError):
                both.wait(timeout=2)  # for the other's handler, or its answer

        handle(monkeypatch, handler)

        def work() -> bool:
            with binding.club(world.a.ref):
                answer = services.carry_out(entry_id=entry_id, now=DUE)
            if not answer:
                both.wait(timeout=2)
            return answer

        with binding.club(world.a.ref):
            subject = put()
            entry_id = DueWork.objects.get(subject_id=subject).id
        yield lambda: (at_once(work, work), len(calls))
        DueWork.objects.filter(kind=KIND).delete()

    def test_do_it_once(self, race: Callable[[], tuple[list[bool], int]]) -> None:
        answers, calls = race()
        assert (sorted(answers), calls) == ([False, True], 1)
        assert not DueWork.objects.filter(kind=KIND).exists()

    def test_would_do_it_twice_without_the_lock(
        self,
        race: Callable[[], tuple[list[bool], int]],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        # Negative control.
        monkeypatch.setattr(locks, "try_take", lambda *names: True)
        answers, calls = race()
        assert (answers, calls) == ([True, True], 2)


class TestPuttingOff:
    """Somebody who holds the subject puts its work off while a task for it has begun."""

    @pytest.fixture
    def meeting(
        self, live_database: LiveDatabase, world: Any, monkeypatch: pytest.MonkeyPatch
    ) -> Iterator[Callable[[], list[Any]]]:
        begun, held = threading.Event(), threading.Event()
        name = f"subject {new_id()}"

        def handler(subject: UUID, now: datetime) -> None:
            begun.set()
            held.wait(timeout=10)
            locks.take(name)

        handle(monkeypatch, handler)

        def work() -> bool:
            with binding.club(world.a.ref):
                return services.carry_out(entry_id=entry_id, now=DUE)

        def put_off() -> str:
            with binding.club(world.a.ref), transaction.atomic():
                locks.take(name)
                assert begun.wait(timeout=10)
                held.set()
                put(subject=subject, at=DUE + timedelta(days=1))
            return "put off"

        with binding.club(world.a.ref):
            subject = put()
            entry_id = DueWork.objects.get(subject_id=subject).id
        yield lambda: at_once(work, put_off)
        DueWork.objects.filter(kind=KIND).delete()

    def test_keeps_the_entry_for_then(self, meeting: Callable[[], list[Any]]) -> None:
        assert meeting() == [True, "put off"]
        assert DueWork.objects.get(kind=KIND).due_at == DUE + timedelta(days=1)

    def test_would_end_in_a_deadlock_if_the_task_held_the_row(
        self, meeting: Callable[[], list[Any]], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        # Negative control.
        def lock_row(*names: str) -> bool:
            return DueWork.objects.select_for_update().filter(pk=names[1]).exists()

        monkeypatch.setattr(locks, "try_take", lock_row)
        with pytest.raises(OperationalError, match="deadlock"):
            meeting()
