"""From the outbox to the club or the platform, as the worker runs it."""

import pytest

from platform_shared.clubs.enums import ClubStatus
from platform_shared.clubs.models import Club
from platform_shared.kit import context
from platform_shared.kit.access import Role
from platform_shared.kit.ids import new_id
from platform_shared.outbox import tasks
from platform_shared.outbox.models import Event
from platform_shared.tenancy import binding
from platform_shared.tenancy.errors import ClubNotBound, NoLivingClub
from platform_shared.tenancy.tasks import ClubTask
from tests.platform_shared.outbox.listening import Heard, Listen, left, put
from tests.support.api import Caller
from tests.support.background import relay
from tests.support.world import ClubWorld


class TestRelay:
    def test_has_each_heard_where_it_was_emitted(
        self, club_a: ClubWorld, club_b: ClubWorld, listen: Listen
    ) -> None:
        where: list[str] = []
        listen(handler=lambda: where.append(binding.scope()))
        for target in (binding.club(club_a.ref), binding.club(club_b.ref), binding.platform()):
            with target:
                put()
        assert relay() == 3
        assert set(where) == {str(club_a.ref.id), str(club_b.ref.id), "platform"}
        assert left() == 0

    def test_delivers_nothing_the_second_time(self, bound_a: ClubWorld, heard: Heard) -> None:
        put()
        assert [relay(), relay()] == [1, 0]
        assert len(heard) == 1

    def test_goes_on_when_one_fails(self, bound_a: ClubWorld, listen: Listen) -> None:
        def fail_first() -> None:
            if len(heard) == 1:
                raise LookupError("not this one")

        heard = listen(handler=fail_first)
        failed, delivered = put(), put()
        assert relay() == 2
        assert heard == [failed.subject_id, delivered.subject_id]
        assert left() == 1

    def test_serves_a_suspended_club_and_stops_for_a_closed_one(
        self, club_a: ClubWorld, club_b: ClubWorld, heard: Heard
    ) -> None:
        subjects = []
        for club, status in ((club_a, ClubStatus.SUSPENDED), (club_b, ClubStatus.CLOSED)):
            with binding.club(club.ref):
                subjects.append(put().subject_id)
            Club.objects.filter(pk=club.ref.id).update(status=status)
        assert relay() == 2
        assert heard == subjects[:1]
        assert left() == 1


class TestDeliver:
    def test_is_not_sent_without_a_club(self) -> None:
        with pytest.raises(ClubNotBound):
            tasks.deliver.delay(str(new_id()))

    @pytest.mark.parametrize("status", [ClubStatus.CLOSED, ClubStatus.PROVISIONING, None])
    def test_is_refused_for_a_club_that_does_not_live(
        self, club_a: ClubWorld, status: ClubStatus | None
    ) -> None:
        club_id = club_a.ref.id if status else new_id()
        if status:
            Club.objects.filter(pk=club_id).update(status=status)
        with pytest.raises(NoLivingClub):
            tasks.deliver.apply(args=[str(new_id())], headers=ClubTask.header(club_id), throw=True)


class TestCause:
    """What a request has caused logs under the request's id, however long it takes."""

    def test_is_known_to_who_hears_of_an_event(self, club_a: ClubWorld, listen: Listen) -> None:
        seen: list[str | None] = []
        listen(handler=lambda: seen.append(context.request_id.get()))
        for target in (binding.club(club_a.ref), binding.platform()):
            with target, context.caused_by("of-the-client"):
                put()
        with context.caused_by("of-the-clock"):
            assert relay() == 2
        assert seen == ["of-the-client", "of-the-client"]

    def test_is_kept_by_a_request_for_the_work_it_leaves(self, club_a: ClubWorld) -> None:
        asked = {"email": club_a.email(Role.CUSTOMER)}
        answer = Caller(club_a.host).post(
            "auth/password-links", asked, **{"X-Request-Id": "of-the-client"}
        )
        assert answer.status_code == 204
        assert Event.objects.latest("pk").request_id == "of-the-client"
