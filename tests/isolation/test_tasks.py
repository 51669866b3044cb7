"""A background task runs for the club that it was sent for, or not at all."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import pytest
from celery import Task

from platform_shared.clubs.models import Club
from platform_shared.due_work import services, tasks
from platform_shared.due_work.models import DueWork
from platform_shared.project.celery import app
from platform_shared.tenancy import binding
from platform_shared.tenancy.errors import ClubNotBound, NoLivingClub
from platform_shared.tenancy.tasks import ClubTask, PlatformTask
from tests.support.world import BORN, ClubWorld

KIND = "tests.note"
LATER = BORN + timedelta(days=1)

NOBODYS = "0c6db4d2-b8f6-4e18-ae9f-65d804b39e8e"


@pytest.fixture
def done(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, UUID]]:
    """What the handler of ``KIND`` was asked to do: (the bound club's slug, subject)."""
    seen: list[tuple[str, UUID]] = []

    def note(subject_id: UUID, now: datetime) -> None:
        seen.append((binding.current_club().slug, subject_id))

    monkeypatch.setitem(services._handlers, KIND, note)
    return seen


@pytest.fixture
def task() -> Iterator[Callable[[type[Task]], Any]]:
    """Return a maker of tasks that say which club they run for; they are unregistered again."""
    names = []

    def make(base: type[Task]) -> Any:
        names.append(f"tests.{base.__name__}.{uuid4()}")

        @app.task(base=base, name=names[-1])
        def who() -> str:
            return binding.scope()

        return who

    yield make
    for name in names:
        app.tasks.pop(name, None)


def entry_of(club: ClubWorld) -> DueWork:
    with binding.club(club.ref):
        services.schedule(kind=KIND, subject_id=club.customer, due_at=BORN)
    with binding.platform():
        return DueWork.objects.get(club_id=club.ref.id, kind=KIND)


def run(task: Any, *args: Any, **headers: str) -> Any:
    """Run the task as a worker does, from a message; return what came of it."""
    return task.apply(args=args, headers=headers)


class TestSending:
    def test_without_a_club_is_refused(self, club_a: ClubWorld) -> None:
        with binding.club(club_a.ref):  # whoever happens to be bound is not meant by it
            for send in (
                lambda: tasks.carry_out.delay(str(uuid4())),
                lambda: tasks.carry_out.apply_async(args=[str(uuid4())]),
                lambda: tasks.carry_out.apply_async(args=[str(uuid4())], headers={}),
                lambda: tasks.carry_out.apply_async(args=[str(uuid4())], headers={"id": "x"}),
                lambda: tasks.carry_out.s(str(uuid4())).apply_async(),
            ):
                with pytest.raises(ClubNotBound):
                    send()

    def test_names_the_club_in_the_message(
        self, club_a: ClubWorld, club_b: ClubWorld, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        sent: list[Any] = []
        monkeypatch.setattr(Task, "apply_async", lambda self, **message: sent.append(message))
        with binding.club(club_a.ref):
            tasks.carry_out.send(club_b.ref.id, "entry")
        (message,) = sent
        assert message["headers"]["club_id"] == str(club_b.ref.id)

    def test_goes_to_each_entrys_own_club(
        self, club_a: ClubWorld, club_b: ClubWorld, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        entries = {club.ref.id: str(entry_of(club).id) for club in (club_a, club_b)}
        sent: dict[UUID, str] = {}
        monkeypatch.setattr(
            tasks.carry_out, "send", lambda club_id, entry_id: sent.update({club_id: entry_id})
        )
        assert run(tasks.dispatch).get() == 2
        assert sent == entries


class TestRunning:
    def test_binds_the_messages_club(
        self, club_a: ClubWorld, club_b: ClubWorld, task: Callable[[type[Task]], Any]
    ) -> None:
        who = task(ClubTask)
        with binding.club(club_a.ref):
            assert run(who, club_id=str(club_b.ref.id)).get() == str(club_b.ref.id)
            assert binding.current_club() == club_a.ref

    def test_of_the_platforms_task_binds_the_platform(
        self, club_a: ClubWorld, task: Callable[[type[Task]], Any]
    ) -> None:
        with binding.club(club_a.ref):
            assert run(task(PlatformTask)).get() == binding.PLATFORM

    @pytest.mark.parametrize("given", [None, "", "alpha", "platform", NOBODYS])
    def test_without_a_club_that_exists_is_refused(
        self, given: str | None, club_a: ClubWorld, task: Callable[[type[Task]], Any]
    ) -> None:
        headers = {} if given is None else {"club_id": given}
        with binding.club(club_a.ref):
            result = run(task(ClubTask), **headers)
        assert isinstance(result.result, NoLivingClub)

    def test_by_a_plain_call_is_refused(self, club_a: ClubWorld) -> None:
        with binding.club(club_a.ref), pytest.raises(NoLivingClub):
            tasks.carry_out(str(uuid4()))

    @pytest.mark.parametrize(
        ("status", "runs"),
        [("active", True), ("suspended", True), ("closed", False), ("provisioning", False)],
    )
    def test_is_for_living_clubs(
        self, status: str, runs: bool, club_a: ClubWorld, task: Callable[[type[Task]], Any]
    ) -> None:
        Club.objects.filter(pk=club_a.ref.id).update(status=status)
        result = run(task(ClubTask), club_id=str(club_a.ref.id))
        assert result.successful() == runs
        assert runs or isinstance(result.result, NoLivingClub)

    def test_of_a_task_that_says_neither_is_refused(
        self, club_a: ClubWorld, task: Callable[[type[Task]], Any]
    ) -> None:
        plain = task(app.Task)
        with binding.club(club_a.ref):
            result = run(plain, club_id=str(club_a.ref.id))
        assert isinstance(result.result, NoLivingClub)

    def test_leaves_nothing_bound(
        self, club_a: ClubWorld, task: Callable[[type[Task]], Any], unbound_by_default: None
    ) -> None:
        assert run(task(ClubTask), club_id=str(club_a.ref.id)).successful()
        assert binding.current() is None


class TestDueWorkOfAnotherClub:
    def test_is_not_done(
        self, club_a: ClubWorld, club_b: ClubWorld, done: list[tuple[str, UUID]]
    ) -> None:
        entry = entry_of(club_b)
        assert run(tasks.carry_out, str(entry.id), club_id=str(club_a.ref.id)).get() is False
        assert done == []
        assert DueWork.objects.filter(pk=entry.pk).exists()
        assert run(tasks.carry_out, str(entry.id), club_id=str(club_b.ref.id)).get() is True
        assert done == [("beta", club_b.customer)]
        assert not DueWork.objects.filter(pk=entry.pk).exists()

    def test_would_be_done_here_without_the_clubs_id_in_the_question(
        self,
        club_a: ClubWorld,
        club_b: ClubWorld,
        done: list[tuple[str, UUID]],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        entry = entry_of(club_b)
        anybody = SimpleNamespace(current_club=lambda: SimpleNamespace(id=club_b.ref.id))
        monkeypatch.setattr(services, "binding", anybody)
        with binding.club(club_a.ref):
            assert services.carry_out(entry_id=entry.id, now=LATER)
        assert done == [("alpha", club_b.customer)]

    def test_is_not_moved_by_the_same_subject_here(
        self, club_a: ClubWorld, club_b: ClubWorld
    ) -> None:
        theirs = entry_of(club_b)
        with binding.club(club_a.ref):
            services.schedule(kind=KIND, subject_id=club_b.customer, due_at=LATER)
        theirs.refresh_from_db()
        assert theirs.due_at == BORN
        assert DueWork.objects.filter(kind=KIND, subject_id=club_b.customer).count() == 2

    def test_cannot_be_scheduled_by_nobody(self, db: None, unbound_by_default: None) -> None:
        with pytest.raises(ClubNotBound):
            services.schedule(kind=KIND, subject_id=uuid4(), due_at=BORN)
