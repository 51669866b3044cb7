"""From the list to the club: the scheduler's task and the clubs', as the worker runs them."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from platform_shared.clubs.enums import ClubStatus
from platform_shared.clubs.models import Club
from platform_shared.due_work import services, tasks
from platform_shared.due_work.models import DueWork
from platform_shared.kit import clock, context
from platform_shared.kit.ids import new_id
from platform_shared.project.celery import app
from platform_shared.tenancy import binding
from platform_shared.tenancy.errors import ClubNotBound, NoLivingClub
from platform_shared.tenancy.tasks import ClubTask
from tenant_apps.subscriptions import services as subscription_services
from tenant_apps.subscriptions.models import Subscription
from tests.support.world import BORN, ClubWorld
from tests.tenant_apps.sales.desk import Pass, new_pass
from tests.tenant_apps.subscriptions.ledger import assert_balanced, lines_of

END = BORN + timedelta(weeks=1)


@pytest.fixture(autouse=True)
def eager() -> Iterator[None]:
    """Run what is sent at once, in this process."""
    app.conf.task_always_eager = True
    yield
    app.conf.task_always_eager = False


@pytest.fixture
def at_the_end(monkeypatch: pytest.MonkeyPatch) -> datetime:
    """Stop the clock at the end of a subscription of a week."""
    monkeypatch.setattr(clock, "now", lambda: END)
    return END


@pytest.fixture
def member(club_a: ClubWorld) -> Pass:
    """A customer of club a with three visits in a week."""
    with binding.club(club_a.ref):
        return new_pass(visits=3, duration=("week", 1))


def status_of(club: ClubWorld, member: Pass) -> str:
    """Return the subscription's status."""
    with binding.club(club.ref):
        return Subscription.objects.get(pk=member.subscription).status


def entry_of(member: Pass) -> DueWork | None:
    """Return the subscription's entry on the list."""
    kind = subscription_services.SETTLE
    return DueWork.objects.filter(kind=kind, subject_id=member.subscription).first()


class TestDispatch:
    def test_ends_a_subscription_at_its_end(
        self, club_a: ClubWorld, member: Pass, at_the_end: datetime
    ) -> None:
        assert tasks.dispatch.delay().get() == 1
        assert status_of(club_a, member) == "expired"
        assert entry_of(member) is None
        with binding.club(club_a.ref):
            assert lines_of(member.subscription) == [("grant", 3, 3), ("expiry", -3, 0)]
            assert_balanced(member.subscription)

    def test_logs_under_the_id_of_who_scheduled_it_last(
        self, club_a: ClubWorld, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        seen: list[str | None] = []
        handle = lambda subject_id, now: seen.append(context.request_id.get())  # noqa: E731
        monkeypatch.setitem(services._handlers, "tests.cause", handle)
        subject = new_id()
        for cause in ("of-the-first", "of-the-last"):
            with binding.club(club_a.ref), context.caused_by(cause):
                services.schedule(kind="tests.cause", subject_id=subject, due_at=BORN)
        with context.caused_by("of-the-clock"):
            assert tasks.dispatch.delay().get() == 1
        assert seen == ["of-the-last"]

    def test_ends_nothing_before(
        self, club_a: ClubWorld, member: Pass, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(clock, "now", lambda: END - timedelta(microseconds=1))
        assert tasks.dispatch.delay().get() == 0
        assert status_of(club_a, member) == "active"

    def test_serves_every_club(
        self, club_a: ClubWorld, club_b: ClubWorld, member: Pass, at_the_end: datetime
    ) -> None:
        with binding.club(club_b.ref):
            theirs = new_pass(duration=("week", 1))
        assert tasks.dispatch.delay().get() == 2
        assert (status_of(club_a, member), status_of(club_b, theirs)) == ("expired", "expired")

    def test_does_nothing_the_second_time(
        self, club_a: ClubWorld, member: Pass, at_the_end: datetime
    ) -> None:
        assert [tasks.dispatch.delay().get() for _ in range(2)] == [1, 0]

    def test_goes_on_for_a_suspended_club(
        self, club_a: ClubWorld, member: Pass, at_the_end: datetime
    ) -> None:
        Club.objects.filter(pk=club_a.ref.id).update(status=ClubStatus.SUSPENDED)
        tasks.dispatch.delay()
        assert status_of(club_a, member) == "expired"

    def test_stops_for_a_closed_club_alone(
        self, club_a: ClubWorld, club_b: ClubWorld, member: Pass, at_the_end: datetime
    ) -> None:
        with binding.club(club_b.ref):
            theirs = new_pass(duration=("week", 1))
        Club.objects.filter(pk=club_a.ref.id).update(status=ClubStatus.CLOSED)
        assert tasks.dispatch.delay().get() == 2
        assert (status_of(club_a, member), status_of(club_b, theirs)) == ("active", "expired")
        assert entry_of(member) is not None

    def test_outlives_work_that_fails(
        self,
        club_a: ClubWorld,
        member: Pass,
        at_the_end: datetime,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        with binding.club(club_a.ref):
            services.schedule(kind="tests.nobody", subject_id=new_id(), due_at=BORN)
        assert tasks.dispatch.delay().get() == 2
        assert status_of(club_a, member) == "expired"
        assert DueWork.objects.filter(kind="tests.nobody").exists()

    def test_leaves_the_caller_bound_as_before(
        self, club_a: ClubWorld, member: Pass, at_the_end: datetime
    ) -> None:
        with binding.club(club_a.ref):
            tasks.dispatch.delay()
            assert binding.current_club() == club_a.ref


class TestCarryOut:
    def test_is_safe_to_run_twice(
        self, club_a: ClubWorld, member: Pass, at_the_end: datetime
    ) -> None:
        entry = entry_of(member)
        assert entry is not None
        header = ClubTask.header(club_a.ref.id)
        answers = [
            tasks.carry_out.apply_async(args=[str(entry.id)], headers=header).get()
            for _ in range(2)
        ]
        assert answers == [True, False]
        with binding.club(club_a.ref):
            assert lines_of(member.subscription) == [("grant", 3, 3), ("expiry", -3, 0)]

    def test_is_not_sent_without_a_club(self) -> None:
        for send in (tasks.carry_out.delay, lambda entry: tasks.carry_out.apply_async([entry])):
            with pytest.raises(ClubNotBound):
                send(str(new_id()))

    def test_is_not_run_without_a_club(self, db: None) -> None:
        # The worker's side: a message that somebody else has sent.
        with pytest.raises(NoLivingClub):
            tasks.carry_out.apply(args=[str(new_id())], headers={}, throw=True)

    @pytest.mark.parametrize("status", [ClubStatus.CLOSED, ClubStatus.PROVISIONING, None])
    def test_is_refused_for_a_club_that_does_not_live(
        self, club_a: ClubWorld, status: ClubStatus | None
    ) -> None:
        club_id = club_a.ref.id if status else new_id()
        if status:
            Club.objects.filter(pk=club_id).update(status=status)
        with pytest.raises(NoLivingClub):
            tasks.carry_out.apply(
                args=[str(new_id())], headers=ClubTask.header(club_id), throw=True
            )
