"""A background task runs for a living club, or for the platform, and says which."""

from typing import Any

import pytest
from celery import Celery

from platform_shared.clubs.enums import ClubStatus
from platform_shared.clubs.models import Club
from platform_shared.kit import context
from platform_shared.kit.ids import new_id
from platform_shared.tenancy import binding
from platform_shared.tenancy.errors import ClubNotBound, NoLivingClub
from platform_shared.tenancy.tasks import (
    CAUSE_HEADER,
    CLUB_HEADER,
    BaseTask,
    ClubTask,
    PlatformTask,
)
from tests.support.world import ClubWorld


@pytest.fixture
def app() -> Celery:
    """An application of our own that runs what is sent to it at once."""
    ours = Celery("tests", broker="memory://", set_as_current=False)
    ours.conf.task_always_eager = True
    ours.conf.task_eager_propagates = True
    return ours


@pytest.fixture
def ran() -> list[Any]:
    """What the tasks have seen."""
    return []


@pytest.fixture
def club_task(app: Celery, ran: list[Any], unbound_by_default: None) -> Any:
    """A club's task, in a process as a worker is: nothing is bound by default."""

    @app.task(base=ClubTask, name="tests.club", shared=False)
    def note(*args: Any, **kwargs: Any) -> None:
        ran.append((binding.scope(), context.club_slug.get(), args, kwargs))

    return note


class TestBaseTask:
    def test_refuses_to_run_for_nobody_in_particular(self, app: Celery, ran: list[Any]) -> None:
        @app.task(base=BaseTask, name="tests.nobody", shared=False)
        def note() -> None:
            ran.append(True)

        with pytest.raises(NoLivingClub, match=r"tests\.nobody is neither"):
            note.delay()
        assert ran == []

    def test_gives_each_run_an_id_for_its_log_lines(self, app: Celery, ran: list[Any]) -> None:
        @app.task(base=PlatformTask, name="tests.ids", shared=False)
        def note() -> None:
            ran.append(context.request_id.get())

        context.request_id.set(None)
        result = note.delay()
        note()  # called as a function it has none to inherit
        assert ran[0] == result.id
        assert ran[1] not in (None, ran[0])
        assert context.request_id.get() is None

    def test_logs_under_the_id_of_the_request_that_sent_it(
        self, app: Celery, ran: list[Any], club_a: ClubWorld, club_task: Any
    ) -> None:
        @app.task(base=PlatformTask, name="tests.cause", shared=False)
        def note() -> None:
            ran.append(context.request_id.get())

        with context.caused_by("of-the-client"):
            note.delay()
            note.apply_async(headers={CAUSE_HEADER: "of-another"})
            club_task.send(club_a.ref.id)
            sent_by_task = ran.pop()
        assert ran == ["of-the-client", "of-another"]
        assert sent_by_task[2:] == ((), {})  # nothing of it is an argument

    def test_finds_its_cause_as_a_worker_hands_it_over(
        self, club_task: Any, app: Celery, ran: list[Any], club_a: ClubWorld
    ) -> None:
        @app.task(base=ClubTask, name="tests.worker", shared=False)
        def note() -> None:
            ran.append(context.request_id.get())

        note.push_request(**{CLUB_HEADER: str(club_a.ref.id), CAUSE_HEADER: "of-the-client"})
        note()
        assert ran == ["of-the-client"]


class TestPlatformTask:
    def test_works_on_the_shared_tables(
        self, unbound_by_default: None, app: Celery, ran: list[Any]
    ) -> None:
        @app.task(base=PlatformTask, name="tests.platform", shared=False)
        def note() -> None:
            ran.append((binding.scope(), Club.objects.filter(slug="alpha").exists()))

        note.delay()
        assert ran == [("platform", True)]
        assert binding.current() is None


class TestClubTask:
    def test_runs_for_the_club_it_is_sent_to(
        self, club_task: Any, ran: list[Any], club_a: ClubWorld, club_b: ClubWorld
    ) -> None:
        with binding.club(club_b.ref):  # whoever happens to be bound is not asked
            club_task.send(club_a.ref.id, "x", y=1)
            assert binding.current() == club_b.ref
        assert ran == [(str(club_a.ref.id), "alpha", ("x",), {"y": 1})]
        assert binding.current() is None

    def test_leaves_the_platform_bound_that_was_bound_before(
        self, club_task: Any, club_a: ClubWorld
    ) -> None:
        with binding.platform():
            club_task.send(club_a.ref.id)
            assert binding.current() == binding.PLATFORM

    def test_lets_go_when_it_fails(
        self, app: Celery, club_a: ClubWorld, unbound_by_default: None
    ) -> None:
        @app.task(base=ClubTask, name="tests.fails", shared=False)
        def fail() -> None:
            raise KeyError

        with pytest.raises(KeyError):
            fail.send(club_a.ref.id)
        assert binding.current() is None

    def test_is_not_sent_without_a_club(
        self, club_task: Any, ran: list[Any], bound_a: ClubWorld
    ) -> None:
        with pytest.raises(ClubNotBound, match=r"tests\.club was sent without a club"):
            club_task.delay()
        with pytest.raises(ClubNotBound):
            club_task.apply_async(headers={"other": "x"})
        assert ran == []

    def test_finds_its_club_as_a_worker_hands_it_over(
        self, club_task: Any, ran: list[Any], club_a: ClubWorld
    ) -> None:
        club_task.push_request(**{CLUB_HEADER: str(club_a.ref.id)})
        club_task()
        club_task.pop_request()
        assert ran[0][0] == str(club_a.ref.id)

    @pytest.mark.parametrize("headers", [{}, {CLUB_HEADER: "nonsense"}, {CLUB_HEADER: None}])
    def test_is_not_run_for_a_message_that_names_no_club(
        self, club_task: Any, ran: list[Any], bound_a: ClubWorld, headers: dict[str, Any]
    ) -> None:
        with pytest.raises(NoLivingClub, match="names no club"):
            club_task.apply(headers=headers)
        assert ran == []

    def test_is_not_run_for_a_club_that_does_not_exist(
        self, db: None, club_task: Any, ran: list[Any]
    ) -> None:
        with pytest.raises(NoLivingClub, match="does not exist"):
            club_task.send(new_id())
        assert ran == []

    @pytest.mark.parametrize(
        ("status", "runs"),
        [
            (ClubStatus.ACTIVE, True),
            (ClubStatus.SUSPENDED, True),
            (ClubStatus.CLOSED, False),
            (ClubStatus.PROVISIONING, False),
        ],
    )
    def test_goes_on_while_a_club_is_suspended_and_stops_when_it_is_closed(
        self, club_task: Any, ran: list[Any], club_a: ClubWorld, status: ClubStatus, runs: bool
    ) -> None:
        with binding.platform():
            Club.objects.filter(pk=club_a.ref.id).update(status=status)
        if runs:
            club_task.send(club_a.ref.id)
        else:
            with pytest.raises(NoLivingClub):
                club_task.send(club_a.ref.id)
        assert bool(ran) is runs
