"""The outbox: what is emitted reaches each listener once, in order, and nothing else is in it."""

import threading
from collections.abc import Callable, Iterator
from contextlib import nullcontext, suppress
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection, transaction

from platform_shared.kit import locks
from platform_shared.kit.access import Role
from platform_shared.kit.claims import CLAIM
from platform_shared.kit.ids import new_id
from platform_shared.outbox import services
from platform_shared.outbox.models import Event
from platform_shared.tenancy import binding
from platform_shared.tenancy.errors import ClubNotBound
from tenant_apps.locations.models import Location
from tests.concurrency.crowd import race
from tests.conftest import LiveDatabase
from tests.platform_shared.outbox.listening import AT, KIND, MINUTE, Heard, Listen, left, put
from tests.support.world import ClubWorld


def build() -> None:
    """Write something in the club."""
    Location.objects.create(name=f"Built {new_id()}", created_at=AT)


def built() -> int:
    return Location.objects.filter(name__startswith="Built").count()


def fail() -> None:
    build()
    raise LookupError("the rest is missing")


def claimed(now: datetime, limit: int = 500) -> list[UUID]:
    return [event.pk for event in services.claim(now=now, limit=limit)]


class TestEmit:
    def test_leaves_a_row_for_those_who_listen(self, bound_a: ClubWorld, listen: Listen) -> None:
        listen("second")
        listen("first")
        event = put()
        assert (event.club_id, event.kind, event.occurred_at) == (bound_a.ref.id, KIND, AT)
        assert (event.waiting, event.attempts, event.data) == (["first", "second"], 0, {})

    def test_leaves_none_when_nobody_listens(self, bound_a: ClubWorld) -> None:
        services.emit(kind=KIND, subject_id=new_id(), now=AT)
        assert left() == 0

    def test_speaks_for_the_platform_too(self, platform_bound: None, heard: Heard) -> None:
        assert put().club_id is None

    def test_goes_when_the_transaction_does(self, bound_a: ClubWorld, heard: Heard) -> None:
        with transaction.atomic():
            put()
            transaction.set_rollback(True)
        assert left() == 0

    def test_needs_somebody(self, db: None, heard: Heard, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("platform_shared.tenancy.process.default_schema", None)
        with pytest.raises(ClubNotBound):
            services.emit(kind=KIND, subject_id=new_id(), now=AT)
        monkeypatch.undo()


class TestIsWaiting:
    def test_holds_until_everybody_has_heard(self, bound_a: ClubWorld, heard: Heard) -> None:
        event = put()
        about = {"kind": KIND, "subject_id": event.subject_id}
        assert services.is_waiting(**about)
        assert not services.is_waiting(kind=KIND, subject_id=new_id())
        assert not services.is_waiting(kind="tests.other", subject_id=event.subject_id)
        services.deliver(event_id=event.pk, now=AT)
        assert not services.is_waiting(**about)

    def test_is_about_the_bound_club(
        self, club_a: ClubWorld, club_b: ClubWorld, heard: Heard
    ) -> None:
        with binding.club(club_a.ref):
            subject = put().subject_id
        with binding.club(club_b.ref):
            assert not services.is_waiting(kind=KIND, subject_id=subject)


class TestData:
    """Ids, numbers, times and words of enums: what tells nobody who anybody is."""

    def test_is_kept_as_json_keeps_it(self, bound_a: ClubWorld, heard: Heard) -> None:
        other = new_id()
        data = {
            "other": other,
            "count": 3,
            "at": AT,
            "day": date(2026, 3, 2),
            "role": Role.CUSTOMER,
            "first": True,
            "former": None,
        }
        services.emit(kind=KIND, subject_id=new_id(), now=AT, data=data)
        assert Event.objects.get(kind=KIND).data == {
            "other": str(other),
            "count": 3,
            "at": "2020-01-01T12:00:00+00:00",
            "day": "2026-03-02",
            "role": "customer",
            "first": True,
            "former": None,
        }

    @pytest.mark.parametrize(
        "value", ["Carla", "carla@alpha.test", "customer", 1.5, b"x", ["x"], {"name": "Carla"}]
    )
    def test_holds_no_text(self, value: object, bound_a: ClubWorld, heard: Heard) -> None:
        with pytest.raises(TypeError, match="ids"):
            services.emit(kind=KIND, subject_id=new_id(), now=AT, data={"value": value})
        assert left() == 0

    @pytest.mark.parametrize("data", [{"Carla Maier": 1}, {"": 1}, {"x": 2**53 + 1}, {"x" * 41: 1}])
    def test_has_plain_names_and_sizes(
        self, data: dict[str, Any], bound_a: ClubWorld, heard: Heard
    ) -> None:
        with pytest.raises(ValueError, match=r"name|large"):
            services.emit(kind=KIND, subject_id=new_id(), now=AT, data=data)
        assert left() == 0

    def test_is_looked_at_whether_or_not_anybody_listens(self, bound_a: ClubWorld) -> None:
        with pytest.raises(TypeError):
            services.emit(kind=KIND, subject_id=new_id(), now=AT, data={"name": "Carla"})

    def test_would_hold_anything_without_the_look(
        self, bound_a: ClubWorld, heard: Heard, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(services, "_plain", lambda name, value: value)
        services.emit(kind=KIND, subject_id=new_id(), now=AT, data={"name": "Carla"})
        assert Event.objects.get(kind=KIND).data == {"name": "Carla"}


class TestClaim:
    def test_takes_an_event_once_until_the_claim_runs_out(
        self, bound_a: ClubWorld, heard: Heard
    ) -> None:
        put()
        taken = [len(claimed(at)) for at in (AT, AT + CLAIM - MINUTE, AT + CLAIM)]
        assert taken == [1, 0, 1]

    def test_takes_those_of_every_club_and_the_platform(
        self, club_a: ClubWorld, club_b: ClubWorld, heard: Heard
    ) -> None:
        for target in (binding.club(club_a.ref), binding.club(club_b.ref), binding.platform()):
            with target:
                put()
        with binding.platform():
            owners = {event.club_id for event in services.claim(now=AT)}
        assert owners == {club_a.ref.id, club_b.ref.id, None}


class TestFairness:
    """What one club causes by the thousand does not stand before what another causes."""

    @pytest.fixture
    def flood(self, club_a: ClubWorld, club_b: ClubWorld, heard: Heard) -> list[UUID]:
        """A hundred and twenty events of club a; return the one of club b, which comes last."""
        with binding.club(club_a.ref):
            for _ in range(120):
                put()
        with binding.club(club_b.ref):
            return [put(at=AT + MINUTE).pk]

    def test_lets_another_clubs_event_pass_at_once(self, flood: list[UUID]) -> None:
        taken = claimed(AT + MINUTE, limit=100)
        assert len(taken) == services.AT_ONCE + 1
        assert taken[-1:] == flood

    def test_would_have_it_wait_without_the_share(
        self, flood: list[UUID], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        # Negative control.
        monkeypatch.setattr(services, "AT_ONCE", 10**6)
        assert flood[0] not in claimed(AT + MINUTE, limit=100)

    def test_has_the_flood_wait_for_what_of_it_is_on_its_way(
        self, flood: list[UUID], club_a: ClubWorld
    ) -> None:
        now = AT + MINUTE
        first = claimed(now)
        assert claimed(now) == []
        with binding.club(club_a.ref):
            for event_id in first[:7]:
                assert services.deliver(event_id=event_id, now=now)
        second = claimed(now)
        assert len(second) == 7
        assert not set(second) & set(first)

    def test_has_it_pass_what_was_claimed_by_a_worker_that_died(self, flood: list[UUID]) -> None:
        first = claimed(AT + MINUTE)
        again = claimed(AT + MINUTE + CLAIM)
        assert set(again) == set(first)

    def test_delivers_the_flood_in_the_end(self, flood: list[UUID], club_a: ClubWorld) -> None:
        rounds = 0
        while taken := claimed(AT + MINUTE):
            rounds += 1
            with binding.club(club_a.ref):
                for event_id in taken:
                    services.deliver(event_id=event_id, now=AT + MINUTE)
        assert rounds == 3
        assert left() == 1  # club b's, whom nobody has bound here

    def test_gives_the_platform_a_share_of_its_own(self, flood: list[UUID]) -> None:
        with binding.platform():
            event = put(at=AT + MINUTE)
            assert event.pk in claimed(AT + MINUTE)


class TestOrder:
    def test_has_the_second_of_a_subject_wait_for_the_first(
        self, bound_a: ClubWorld, heard: Heard
    ) -> None:
        first = put()
        second = put(subject=first.subject_id)
        other = put()
        assert claimed(AT) == [first.pk, other.pk]
        assert claimed(AT) == []
        assert services.deliver(event_id=first.pk, now=AT)
        assert claimed(AT) == [second.pk]

    def test_does_not_wait_for_one_that_has_failed(
        self, bound_a: ClubWorld, listen: Listen
    ) -> None:
        listen(handler=fail)
        first = put()
        second = put(subject=first.subject_id)
        claimed(AT)
        services.deliver(event_id=first.pk, now=AT)
        assert claimed(AT) == [second.pk]

    def test_does_not_wait_for_one_whose_worker_died(
        self, bound_a: ClubWorld, heard: Heard
    ) -> None:
        first = put()
        second = put(subject=first.subject_id)
        claimed(AT)
        assert claimed(AT + CLAIM) == [first.pk, second.pk]

    def test_would_be_any_without_the_wait(
        self, bound_a: ClubWorld, heard: Heard, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        # Negative control.
        first = put()
        second = put(subject=first.subject_id)
        monkeypatch.setattr(services, "_whose_turn_it_is", lambda now: Event.objects.all())
        assert claimed(AT) == [first.pk, second.pk]


class TestDeliver:
    def test_tells_who_listens_and_forgets_it(self, bound_a: ClubWorld, heard: Heard) -> None:
        event = put()
        assert services.deliver(event_id=event.pk, now=AT)
        assert heard == [event.subject_id]
        assert left() == 0

    def test_tells_once(self, bound_a: ClubWorld, heard: Heard) -> None:
        event = put()
        answers = [services.deliver(event_id=event.pk, now=AT) for _ in range(2)]
        assert (answers, len(heard)) == ([True, False], 1)

    def test_tells_the_rest_when_one_fails(self, bound_a: ClubWorld, listen: Listen) -> None:
        heard = {name: listen(name) for name in ("a", "c")}
        broken = listen("b", fail)
        event = put()
        services.deliver(event_id=event.pk, now=AT)
        assert [len(heard["a"]), len(heard["c"]), len(broken)] == [1, 1, 1]
        assert built() == 0
        event.refresh_from_db()
        assert event.waiting == ["b"]

    def test_tells_again_only_who_has_failed(self, bound_a: ClubWorld, listen: Listen) -> None:
        heard = listen("a")
        listen("b", fail)
        event = put()
        services.deliver(event_id=event.pk, now=AT)
        again = listen("b")
        assert services.deliver(event_id=event.pk, now=AT + services.FIRST_RETRY)
        assert (len(heard), len(again), left()) == (1, 1, 0)

    def test_waits_longer_each_time(self, bound_a: ClubWorld, listen: Listen) -> None:
        listen(handler=fail)
        event = put()
        now, waits = AT, []
        for _ in range(4):
            assert claimed(now) == [event.pk]
            services.deliver(event_id=event.pk, now=now)
            assert not services.deliver(event_id=event.pk, now=now)
            event.refresh_from_db()
            waits.append((event.due_at - now).total_seconds())
            now = event.due_at
        assert waits == [10, 20, 40, 80]

    def test_never_waits_longer_than_hours(self) -> None:
        assert services.retry_after(0) == services.retry_after(1) == services.FIRST_RETRY
        assert services.retry_after(10_000) == timedelta(hours=6)

    def test_keeps_what_is_for_somebody_it_does_not_know(
        self, bound_a: ClubWorld, listen: Listen, caplog: pytest.LogCaptureFixture
    ) -> None:
        listen("of the next release")
        event = put()
        services._subscribers[KIND].clear()
        assert services.deliver(event_id=event.pk, now=AT)
        assert left() == 1
        assert "of the next release" in caplog.text

    def test_logs_ids_and_kinds(
        self, bound_a: ClubWorld, listen: Listen, caplog: pytest.LogCaptureFixture
    ) -> None:
        listen(handler=fail)
        event = put()
        services.deliver(event_id=event.pk, now=AT)
        (record,) = caplog.records
        assert (record.event, record.kind, record.subscriber) == (str(event.pk), KIND, "listener")

    @pytest.mark.parametrize("transactional", [True, False])
    def test_tells_inside_a_transaction_or_outside_any(
        self, transactional: bool, live_database: LiveDatabase, world: Any, listen: Listen
    ) -> None:
        inside: list[bool] = []
        listen(
            handler=lambda: inside.append(connection.in_atomic_block), transactional=transactional
        )
        with binding.club(world.a.ref):
            services.deliver(event_id=put().pk, now=AT)
            assert (inside, left()) == ([transactional], 0)


class TestDeliveriesAtOnce:
    """A second task for an event comes while the first is at work."""

    @pytest.fixture(params=[True, False], ids=["transactional", "outside"])
    def meet(
        self,
        request: pytest.FixtureRequest,
        live_database: LiveDatabase,
        world: Any,
        listen: Listen,
    ) -> Iterator[Callable[[], list[Any]]]:
        both = threading.Barrier(2)

        def handler() -> None:
            with suppress(threading.BrokenBarrierError):
                both.wait(timeout=1)  # for the other's handler, or its answer
            build()

        listen(handler=handler, transactional=request.param)

        def deliver() -> bool:
            answer = services.deliver(event_id=event.pk, now=AT)
            if not answer:
                both.wait(timeout=1)
            return answer

        with binding.club(world.a.ref):
            event = put()
            yield lambda: race(world.a.ref, deliver, deliver)
            Location.objects.filter(name__startswith="Built").delete()
            Event.objects.filter(kind=KIND).delete()

    def test_tell_once(self, meet: Callable[[], list[Any]]) -> None:
        assert sorted(meet()) == [False, True]
        assert (built(), left()) == (1, 0)

    def test_would_tell_twice_without_the_lock(
        self, meet: Callable[[], list[Any]], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        # Negative control.
        monkeypatch.setattr(locks, "held", lambda *names: nullcontext(True))
        assert meet() == [True, True]
        assert built() == 2
