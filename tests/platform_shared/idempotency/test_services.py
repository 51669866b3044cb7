"""Carried out once; answers kept sealed, for a day, beside what was done."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import IntegrityError, connection, connections, transaction

from platform_shared.due_work import services as due_work
from platform_shared.due_work.models import DueWork
from platform_shared.idempotency import services
from platform_shared.idempotency.errors import (
    IdempotencyKeyInProgress,
    IdempotencyKeyReused,
    IdempotentAnswerLost,
)
from platform_shared.idempotency.models import KeptAnswer
from platform_shared.kit import locks
from platform_shared.kit.errors import DomainError, FieldError, Forbidden, InvalidInput, NotFound
from platform_shared.kit.idempotency import Answer
from platform_shared.tenancy import binding
from tenant_apps.locations import services as location_services
from tenant_apps.locations.errors import LocationNameTaken
from tenant_apps.locations.models import Location
from tests.conftest import LiveDatabase
from tests.support.world import ClubWorld

NOW = datetime(2026, 3, 2, 9, 20, tzinfo=UTC)
DAY = timedelta(hours=24)
SECOND = timedelta(seconds=1)
USER = uuid4()
DONE = Answer(201, {"Content-Type": "application/json"}, b'{"secret": "one-time"}\n')
REQUEST = b"r" * 32


class Refused(DomainError):
    """Raised after something was written."""

    code, status, title = "tests_refused", 409, "Refused"


class Deed:
    """Something that is done as often as it is asked for: a location is made."""

    def __init__(self, answer: Answer = DONE, error: Exception | None = None) -> None:
        self.answer, self.error, self.asked = answer, error, 0

    def __call__(self) -> Answer:
        self.asked += 1
        location_services.create_location(name=f"Gate {uuid4()}", now=NOW)
        if self.error is not None:
            raise self.error
        return self.answer


def gates() -> int:
    return Location.objects.filter(name__startswith="Gate ").count()


def explain(error: Exception) -> Answer:
    assert isinstance(error, DomainError)
    return Answer(error.status, {}, error.code.encode())


def once(
    deed: Callable[[], Answer],
    *,
    user: UUID = USER,
    key: str = "k",
    request: bytes = REQUEST,
    now: datetime = NOW,
) -> Answer | None:
    return services.answer_once(
        user_id=user, key=key, fingerprint=request, carry_out=deed, explain=explain, now=now
    )


class TestRepeat:
    def test_is_answered_as_the_first_and_does_nothing(self, bound_a: ClubWorld) -> None:
        deed = Deed()
        assert once(deed) is None
        assert once(deed) == DONE
        assert (deed.asked, gates()) == (1, 1)

    def test_of_another_request_is_refused(self, bound_a: ClubWorld) -> None:
        deed = Deed()
        once(deed)
        with pytest.raises(IdempotencyKeyReused):
            once(deed, request=b"s" * 32)
        assert gates() == 1

    def test_by_another_account_is_a_first(self, bound_a: ClubWorld) -> None:
        assert once(Deed()) is None
        assert once(Deed(), user=uuid4()) is None
        assert gates() == 2

    def test_at_another_club_and_at_the_platform_is_a_first(
        self, club_a: ClubWorld, club_b: ClubWorld
    ) -> None:
        for club in (club_a, club_b):
            with binding.club(club.ref):
                assert once(Deed()) is None
                assert gates() == 1
        with binding.platform():
            assert once(lambda: DONE) is None
            assert once(lambda: DONE) == DONE

    def test_after_a_day_is_a_first(self, bound_a: ClubWorld) -> None:
        deed = Deed()
        once(deed)
        assert once(deed, now=NOW + DAY - SECOND) == DONE
        assert once(deed, request=b"s" * 32, now=NOW + DAY) is None
        assert once(deed, request=b"s" * 32, now=NOW + DAY) == DONE
        assert (gates(), KeptAnswer.objects.count()) == (2, 1)


class TestRefusal:
    def test_of_the_rules_is_kept_and_what_was_written_before_is_not(
        self, bound_a: ClubWorld
    ) -> None:
        deed = Deed(error=Refused())
        assert once(deed) is None
        assert once(deed) == Answer(409, {}, b"tests_refused")
        assert (deed.asked, gates()) == (1, 0)

    def test_would_leave_what_was_written_without_the_savepoint(
        self, bound_a: ClubWorld, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def atomic(durable: bool = False) -> Any:
            return transaction.atomic(durable=True) if durable else nullcontext()

        monkeypatch.setattr(services, "transaction", SimpleNamespace(atomic=atomic))
        once(Deed(error=Refused()))
        assert gates() == 1

    @pytest.mark.parametrize(
        "error",
        [
            InvalidInput(FieldError("name", "blank", "Blank.")),
            Forbidden(),
            NotFound(),
            RuntimeError("a defect"),
        ],
    )
    def test_of_any_other_kind_leaves_nothing(self, bound_a: ClubWorld, error: Exception) -> None:
        with pytest.raises(type(error)):
            once(Deed(error=error))
        assert (gates(), KeptAnswer.objects.count()) == (0, 0)
        assert once(Deed()) is None

    @pytest.mark.parametrize("status", [400, 401, 403, 404, 412, 413, 415, 428, 429, 500, 503])
    def test_with_another_status_is_not_kept(
        self, bound_a: ClubWorld, monkeypatch: pytest.MonkeyPatch, status: int
    ) -> None:
        monkeypatch.setattr(Refused, "status", status)
        with pytest.raises(Refused):
            once(Deed(error=Refused()))
        assert not KeptAnswer.objects.exists()

    def test_that_is_found_by_a_service_is_kept(self, bound_a: ClubWorld) -> None:
        def twice() -> Answer:
            location_services.create_location(name="Gate", now=NOW)
            location_services.create_location(name="Gate", now=NOW)
            return DONE

        assert once(twice) is None
        assert once(twice) == Answer(409, {}, LocationNameTaken.code.encode())
        assert not Location.objects.filter(name="Gate").exists()


class TestHooks:
    def test_run_after_the_commit_of_the_answer(
        self, bound_a: ClubWorld, django_capture_on_commit_callbacks: Any
    ) -> None:
        kept: list[int] = []

        def deed() -> Answer:
            with transaction.atomic():
                transaction.on_commit(lambda: kept.append(KeptAnswer.objects.count()))
            return DONE

        with django_capture_on_commit_callbacks(execute=True):
            once(deed)
            assert kept == []
        assert kept == [1]

    def test_of_what_was_refused_never_run(
        self, bound_a: ClubWorld, django_capture_on_commit_callbacks: Any
    ) -> None:
        def deed() -> Answer:
            transaction.on_commit(lambda: pytest.fail("told of what was undone"))
            raise Refused

        with django_capture_on_commit_callbacks(execute=True):
            once(deed)

    def test_are_refused_to_what_must_commit_by_itself(self, bound_a: ClubWorld) -> None:
        def deed() -> Answer:
            with transaction.atomic(durable=True):
                return DONE

        with pytest.raises(RuntimeError, match="durable"):
            once(deed)


@pytest.fixture
def live_club(live_database: LiveDatabase, world: SimpleNamespace) -> Iterator[ClubWorld]:
    with binding.club(world.a.ref):
        yield world.a


def elsewhere[T](club: ClubWorld, job: Callable[[], T]) -> T:
    """Do something by a connection of its own."""

    def bound() -> T:
        try:
            with binding.club(club.ref):
                return job()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(bound).result(timeout=30)


class TestTwoAtOnce:
    def test_second_is_told_at_once_and_gets_the_answer_later(self, live_club: ClubWorld) -> None:
        second, key = Deed(), str(uuid4())

        def first() -> Answer:
            with pytest.raises(IdempotencyKeyInProgress):
                elsewhere(live_club, lambda: once(second, key=key))
            return DONE

        before = gates()
        once(first, key=key)
        assert elsewhere(live_club, lambda: once(second, key=key)) == DONE
        assert (second.asked, gates()) == (0, before)

    def test_second_would_be_stopped_by_the_database_alone_without_the_lock(
        self, live_club: ClubWorld, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(locks, "try_take", lambda *names: True)
        meet, key, before = threading.Barrier(2), str(uuid4()), gates()

        def deed() -> Answer:
            meet.wait(timeout=30)
            return Deed()()

        assert sorted(self.race(live_club, deed, key)) == ["IntegrityError", "done"]
        assert gates() == before + 1

    def test_both_would_do_it_without_the_row_either(
        self, live_club: ClubWorld, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(locks, "try_take", lambda *names: True)
        monkeypatch.setattr(services, "_keep", lambda *args: None)
        meet, key, before = threading.Barrier(2), str(uuid4()), gates()

        def deed() -> Answer:
            meet.wait(timeout=30)
            return Deed()()

        assert self.race(live_club, deed, key) == ["done", "done"]
        assert gates() == before + 2

    @staticmethod
    def race(club: ClubWorld, deed: Callable[[], Answer], key: str) -> list[str]:
        def one() -> str:
            try:
                once(deed, key=key)
            except IntegrityError:
                return "IntegrityError"
            return "done"

        with ThreadPoolExecutor(2) as pool:
            return list(pool.map(lambda _: elsewhere(club, one), range(2)))


def row() -> KeptAnswer:
    return KeptAnswer.objects.get()


class TestSealing:
    def test_shows_nothing_of_key_request_and_answer(self, bound_a: ClubWorld) -> None:
        once(Deed(), key="tell-tale-key")
        with connection.cursor() as cursor:
            cursor.execute("SELECT k::text FROM idempotency_keptanswer AS k")
            (shown,) = cursor.fetchone()
        for told in (b"tell-tale-key", REQUEST, DONE.body, b"one-time"):
            assert told.hex() not in shown
            assert told.decode() not in shown
        sealed = bytes(row().sealed_answer)
        assert b"one-time" not in sealed
        assert len(sealed) > len(DONE.body)

    def test_outlives_a_new_master_key(self, bound_a: ClubWorld, settings: Any) -> None:
        once(Deed())
        settings.MASTER_KEYS = (b"n" * 32, *settings.MASTER_KEYS)
        assert once(Deed()) == DONE

    def test_of_a_master_key_that_is_gone_is_told_and_nothing_is_done_again(
        self, bound_a: ClubWorld, settings: Any
    ) -> None:
        once(Deed())
        settings.MASTER_KEYS = (b"n" * 32,)
        deed = Deed()
        with pytest.raises(IdempotentAnswerLost):
            once(deed)
        assert (deed.asked, gates()) == (0, 1)

    def test_does_not_open_for_another_account(self, bound_a: ClubWorld) -> None:
        once(Deed())
        thief = uuid4()
        KeptAnswer.objects.update(user_id=thief)
        with pytest.raises(IdempotentAnswerLost):
            once(Deed(), user=thief)

    def test_does_not_open_at_another_club(self, club_a: ClubWorld, club_b: ClubWorld) -> None:
        with binding.club(club_a.ref):
            once(Deed())
            brought = row()
        with binding.club(club_b.ref):
            brought.save(force_insert=True)
            with pytest.raises(IdempotentAnswerLost):
                once(Deed())

    def test_would_open_there_if_the_context_did_not_say_whose_it_is(
        self, club_a: ClubWorld, club_b: ClubWorld, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(services, "_context", lambda *_: "answer")
        with binding.club(club_a.ref):
            once(Deed())
            brought = row()
        with binding.club(club_b.ref):
            brought.save(force_insert=True)
            assert once(Deed()) == DONE


def entries() -> list[DueWork]:
    return list(DueWork.objects.filter(kind=services.EXPIRY).order_by("due_at"))


class TestExpiry:
    def test_is_on_the_list_once_an_hour(self, bound_a: ClubWorld) -> None:
        for key, minutes in (("a", 0), ("b", 39), ("c", 40)):
            once(Deed(), key=key, now=NOW + timedelta(minutes=minutes))
        due = datetime(2026, 3, 3, 10, 0, tzinfo=UTC)
        assert [entry.due_at for entry in entries()] == [due, due + timedelta(hours=1)]
        assert {entry.club_id for entry in entries()} == {bound_a.ref.id}

    def test_of_the_platform_is_not_on_the_list_of_clubs(self, platform_bound: None) -> None:
        once(lambda: DONE)
        assert entries() == []

    def test_takes_what_is_too_old_and_nothing_else(self, bound_a: ClubWorld) -> None:
        once(Deed(), key="old")
        once(Deed(), key="young", now=NOW + SECOND)
        (entry,) = entries()
        assert due_work.carry_out(entry_id=entry.id, now=entry.due_at)
        assert (KeptAnswer.objects.count(), entries()) == (0, [])
        once(Deed(), key="old")
        once(Deed(), key="young", now=NOW + SECOND)
        services.expire(uuid4(), NOW + DAY)
        assert KeptAnswer.objects.get().expires_at == NOW + SECOND + DAY

    def test_comes_back_for_the_rest(
        self, bound_a: ClubWorld, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(services, "BATCH", 2)
        for key in "abc":
            once(Deed(), key=key)
        (entry,) = entries()
        later = entry.due_at + SECOND
        assert due_work.carry_out(entry_id=entry.id, now=later)
        assert KeptAnswer.objects.count() == 1
        assert [(e.id, e.due_at) for e in entries()] == [(entry.id, later)]
        assert due_work.carry_out(entry_id=entry.id, now=later + SECOND)
        assert (KeptAnswer.objects.count(), entries()) == (0, [])
