"""How full the club is, and that two scans at once cannot both take the last place."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, time, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection, transaction
from django.db.models import QuerySet

from platform_shared.clubs import services as club_services
from platform_shared.clubs.models import Club
from platform_shared.kit.ids import new_id
from platform_shared.tenancy import binding, hosts, pipeline
from platform_shared.tenancy.pipeline import Statement
from tenant_apps.checkins import occupancy
from tenant_apps.checkins.occupancy import Counts, LocationRoom, Occupancy, Room
from tenant_apps.customers.models import Customer
from tenant_apps.locations import services as location_services
from tenant_apps.locations.models import Location
from tests.concurrency.crowd import meeting, race
from tests.conftest import LiveDatabase
from tests.support.world import BORN, ClubWorld
from tests.tenant_apps.checkins.door import log
from tests.tenant_apps.sales.desk import new_customer

# In Berlin half past six in the evening of 2 March; the last night was at three in UTC.
NOW = datetime(2026, 3, 2, 17, 30, tzinfo=UTC)
NIGHT = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)


def capacity(club: ClubWorld, of_club: int | None, of_location: int | None = None) -> None:
    """Set how many may be inside the club and its location."""
    Club.objects.filter(pk=club.ref.id).update(capacity=of_club)
    Location.objects.filter(pk=club.location).update(capacity=of_location)


def capacity_rows(location: UUID | None, since: datetime) -> QuerySet[Any, Counts]:
    """Return the row's queryset, for the bound club."""
    club_id = binding.current_club().id
    return occupancy.capacity_rows(club_id, location or occupancy.NOWHERE, since)


def batched(location: UUID | None, since: datetime = NIGHT) -> Counts:
    """Return the row as a door gets it, in one batch with the lock."""
    with transaction.atomic(), pipeline.batch() as batch:
        batch.execute(occupancy.LOCK_SQL, occupancy.lock_params(location))
        row = batch.fetch(Statement(capacity_rows(location, since)))
    found = row.one()
    assert found is not None
    return found


def locks_held() -> int:
    """Return how many advisory locks this connection holds."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()"
        )
        (count,) = cursor.fetchone()
        return int(count)


class TestRoom:
    @pytest.mark.parametrize(
        ("inside", "of", "free"), [(0, 5, 5), (5, 5, 0), (7, 5, 0), (7, None, None)]
    )
    def test_says_what_is_free(self, inside: int, of: int | None, free: int | None) -> None:
        assert Room(inside, of).free == free


class TestLastNight:
    def test_is_the_bound_clubs(self, bound_a: ClubWorld) -> None:
        assert occupancy.last_night(NOW) == NIGHT

    def test_moves_as_soon_as_the_club_moves_it(
        self, bound_a: ClubWorld, django_capture_on_commit_callbacks: Any
    ) -> None:
        assert hosts.find(bound_a.host) == bound_a.ref
        with django_capture_on_commit_callbacks(execute=True):
            club_services.change_settings(
                club_id=bound_a.ref.id, changes={"night_at": time(18), "time_zone": "UTC"}
            )
        ref = hosts.find(bound_a.host)
        assert ref is not None
        with binding.club(ref):
            assert occupancy.last_night(NOW) == datetime(2026, 3, 1, 18, tzinfo=UTC)


@pytest.mark.usefixtures("bound_a")
class TestGetOccupancy:
    def test_counts_the_club_and_its_locations(self, club_a: ClubWorld) -> None:
        back = location_services.create_location(name="Back door", now=BORN)
        closed = location_services.create_location(name="Closed", now=BORN)
        shut = location_services.create_location(name="Shut", now=BORN)
        Location.objects.filter(pk__in=[closed.id, shut.id]).update(is_active=False)
        capacity(club_a, 4, 1)
        for place in (club_a.location, club_a.location, shut.id, None):
            log(new_customer().id, "entry", at=NIGHT, location=place)
        log(new_customer().id, "entry", at=NIGHT - timedelta(seconds=1), location=back.id)
        assert occupancy.get_occupancy(NOW) == Occupancy(
            inside=4,
            capacity=4,
            as_of=NOW,
            locations=[
                LocationRoom(0, None, back.id, "Back door"),
                LocationRoom(2, 1, club_a.location, "Entrance"),
                LocationRoom(1, None, shut.id, "Shut"),
            ],
        )

    def test_takes_three_queries(self, club_a: ClubWorld, django_assert_num_queries: Any) -> None:
        for _ in range(3):
            log(new_customer().id, "entry", at=NIGHT, location=club_a.location)
        with django_assert_num_queries(3):
            occupancy.get_occupancy(NOW)


@pytest.mark.usefixtures("bound_a")
class TestCapacityRows:
    @pytest.mark.parametrize(
        ("of_club", "of_location", "row"),
        [
            (None, None, (None, None, None, None)),
            (5, None, (5, 3, None, None)),
            (None, 4, (None, None, 4, 2)),
            (5, 4, (5, 3, 4, 2)),
        ],
    )
    def test_say_what_is_limited(
        self, club_a: ClubWorld, of_club: int | None, of_location: int | None, row: Counts
    ) -> None:
        capacity(club_a, of_club, of_location)
        log(club_a.customer, "entry", at=NIGHT, location=club_a.location)
        log(club_a.other_customer, "entry", at=NIGHT, location=club_a.location)
        log(new_customer().id, "entry", at=NIGHT)
        log(new_customer().id, "entry", at=NIGHT - timedelta(seconds=1))
        assert batched(club_a.location) == row

    def test_say_nothing_of_a_location_that_is_not_named(self, club_a: ClubWorld) -> None:
        capacity(club_a, 5, 4)
        log(club_a.customer, "entry", at=NIGHT)
        assert batched(None) == (5, 1, None, None)
        assert batched(new_id()) == (5, 1, None, None)

    @staticmethod
    def counts_run(club: ClubWorld) -> tuple[int, int]:
        """Return how many of the two counts PostgreSQL has in the plan, and how many it ran."""
        plan = capacity_rows(club.location, NIGHT).explain(analyze=True)
        counts = [line for line in plan.splitlines() if "Aggregate " in line]
        return len(counts), sum("never executed" not in line for line in counts)

    def test_count_nothing_where_there_is_no_capacity(self, club_a: ClubWorld) -> None:
        log(club_a.customer, "entry", at=NIGHT, location=club_a.location)
        capacity(club_a, None)
        assert self.counts_run(club_a) == (2, 0)

    def test_count_where_there_is_one(self, club_a: ClubWorld) -> None:
        # Negative control: the plan shows a count that ran.
        capacity(club_a, 5)
        assert self.counts_run(club_a) == (2, 1)
        capacity(club_a, 5, 5)
        assert self.counts_run(club_a) == (2, 2)

    def test_would_always_count_without_the_condition(
        self, club_a: ClubWorld, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        capacity(club_a, None)
        monkeypatch.setattr(occupancy, "_IN_CLUB_SQL", f"({occupancy._COUNT_SQL})")
        assert self.counts_run(club_a) == (2, 1)


class TestIsFull:
    @pytest.mark.parametrize(
        ("row", "is_inside", "is_at_location", "full"),
        [
            ((None, None, None, None), False, False, False),
            ((2, 1, None, None), False, False, False),
            ((2, 2, None, None), False, False, True),
            ((2, 3, None, None), False, False, True),
            ((2, 2, None, None), True, False, False),
            ((2, 3, None, None), True, False, True),
            ((None, None, 1, 0), False, False, False),
            ((None, None, 1, 1), False, False, True),
            ((9, 5, 1, 1), True, False, True),  # inside, but coming from elsewhere
            ((9, 5, 1, 1), True, True, False),
            ((2, 2, 9, 0), False, False, True),
        ],
    )
    def test_says_whether_one_more_would_not_fit(
        self, row: Counts, is_inside: bool, is_at_location: bool, full: bool
    ) -> None:
        said = occupancy.is_full(row, is_inside=is_inside, is_at_location=is_at_location)
        assert said is full


@pytest.mark.usefixtures("bound_a")
class TestLock:
    @pytest.mark.parametrize(
        ("of_club", "of_location", "named", "held"),
        [
            (None, None, True, 0),
            (5, None, True, 1),
            (None, 5, True, 1),
            (5, 5, True, 2),
            (5, 5, False, 1),
        ],
    )
    def test_takes_what_is_limited(
        self,
        club_a: ClubWorld,
        of_club: int | None,
        of_location: int | None,
        named: bool,
        held: int,
    ) -> None:
        capacity(club_a, of_club, of_location)
        batched(club_a.location if named else None)
        assert locks_held() == held

    def test_is_each_clubs_own(self, club_a: ClubWorld, club_b: ClubWorld) -> None:
        mine = occupancy.lock_params(club_a.location)
        with binding.club(club_b.ref):
            theirs = occupancy.lock_params(club_a.location)
        assert len({mine[0], mine[2], theirs[0], theirs[2]}) == 4


class TestTheLastPlace:
    """Two scans at once, each with a connection of its own, and one place."""

    @pytest.fixture
    def club(self, live_database: LiveDatabase, world: Any) -> Iterator[ClubWorld]:
        with binding.club(world.a.ref):
            yield world.a
            capacity(world.a, None)

    @pytest.fixture
    def enter_twice(self, club: ClubWorld) -> Callable[[], list[str]]:
        """Two customers come in by what a door would do; return who got in."""
        meet = meeting(2)

        def enter(customer: Customer) -> str:
            at = BORN
            with transaction.atomic(durable=True):
                row = batched_in_transaction(club.location, at)
                meet()
                if occupancy.is_full(row, is_inside=False, is_at_location=False):
                    return "full"
                log(customer.id, "entry", at=at, location=club.location)
            return "in"

        def both() -> list[str]:
            visitors = [new_customer(), new_customer()]
            return sorted(race(club.ref, lambda: enter(visitors[0]), lambda: enter(visitors[1])))

        return both

    @pytest.mark.parametrize("limited", ["club", "location"])
    def test_is_taken_once(
        self, club: ClubWorld, enter_twice: Callable[[], list[str]], limited: str
    ) -> None:
        taken = inside_now()
        capacity(club, *((taken + 1, None) if limited == "club" else (None, taken + 1)))
        assert enter_twice() == ["full", "in"]
        assert inside_now() == taken + 1

    @pytest.mark.parametrize("limited", ["club", "location"])
    def test_would_be_taken_twice_without_the_lock(
        self,
        club: ClubWorld,
        enter_twice: Callable[[], list[str]],
        limited: str,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(
            occupancy, "LOCK_SQL", "VALUES (%s::text, %s::text, %s::text, %s::text)"
        )
        taken = inside_now()
        capacity(club, *((taken + 1, None) if limited == "club" else (None, taken + 1)))
        assert enter_twice() == ["in", "in"]

    def test_keeps_nobody_waiting_where_any_number_may_come(
        self, club: ClubWorld, enter_twice: Callable[[], list[str]]
    ) -> None:
        capacity(club, None)
        assert enter_twice() == ["in", "in"]


def inside_now() -> int:
    """Return how many are inside the live club, all of them at its one location."""
    return occupancy.get_occupancy(BORN).inside


def batched_in_transaction(location: UUID, now: datetime) -> Counts:
    """Lock and count in one batch of the open transaction."""
    with pipeline.batch() as batch:
        batch.execute(occupancy.LOCK_SQL, occupancy.lock_params(location))
        row = batch.fetch(Statement(capacity_rows(location, occupancy.last_night(now))))
    found = row.one()
    assert found is not None
    return found
