"""A club hears of its own events, whoever's task asks for them."""

from uuid import UUID

import pytest

from platform_shared.kit import clock
from platform_shared.kit.ids import new_id
from platform_shared.outbox import services
from platform_shared.outbox.models import Event
from platform_shared.tenancy import binding
from tests.support.background import relay
from tests.support.world import ClubWorld

KIND = "tests.secret"


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, UUID]]:
    """What the listener hears: (whoever is bound, subject)."""
    seen: list[tuple[str, UUID]] = []

    def hear(event: Event, now: object) -> None:
        seen.append((binding.scope(), event.subject_id))

    subscriber = services.Subscriber(hear, transactional=True)
    monkeypatch.setitem(services._subscribers, KIND, {"tests": subscriber})
    return seen


@pytest.fixture
def event(club_b: ClubWorld, heard: list[tuple[str, UUID]]) -> Event:
    """An event of club b."""
    with binding.club(club_b.ref):
        services.emit(kind=KIND, subject_id=new_id(), now=clock.now())
    return Event.objects.get(kind=KIND)


class TestEventOfAnotherClub:
    def test_is_not_heard_here_nor_on_the_platform(
        self, event: Event, club_a: ClubWorld, heard: list[tuple[str, UUID]]
    ) -> None:
        for target in (binding.club(club_a.ref), binding.platform()):
            with target:
                assert not services.deliver(event_id=event.pk, now=clock.now())
        assert heard == []
        assert Event.objects.filter(pk=event.pk).exists()

    def test_is_heard_there(
        self, event: Event, club_a: ClubWorld, club_b: ClubWorld, heard: list[tuple[str, UUID]]
    ) -> None:
        with binding.club(club_a.ref):  # whoever relays is not meant by it
            assert relay() == 1
        assert heard == [(str(club_b.ref.id), event.subject_id)]

    def test_would_be_heard_here_without_the_clubs_id_in_the_question(
        self,
        event: Event,
        club_a: ClubWorld,
        club_b: ClubWorld,
        heard: list[tuple[str, UUID]],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        # Negative control.
        monkeypatch.setattr(services, "_bound_club_id", lambda: club_b.ref.id)
        with binding.club(club_a.ref):
            assert services.deliver(event_id=event.pk, now=clock.now())
        assert heard == [(str(club_a.ref.id), event.subject_id)]
