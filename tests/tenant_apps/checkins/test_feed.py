"""The feed against commits in any order: nothing is lost and nothing told twice.

Real connections over the committing database. What it shows waits for the oldest transaction that
is writing anywhere in the cluster, so tests ask until it has come.
"""

import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection, connections, transaction
from django.test.utils import CaptureQueriesContext

from platform_shared.kit import clock
from platform_shared.kit.access import Role
from platform_shared.kit.errors import InvalidInput
from platform_shared.tenancy import binding, commit_order
from platform_shared.tenancy.commit_order import START, Position
from tenant_apps.checkins import feed
from tenant_apps.checkins.enums import EventType
from tenant_apps.checkins.models import CheckIn
from tests.conftest import LiveDatabase
from tests.platform_shared.kit.waiting import eventually
from tests.support import api
from tests.support.api import Caller
from tests.support.world import BORN, ClubWorld
from tests.tenant_apps.checkins.door import annul, log, scan
from tests.tenant_apps.sales.desk import new_pass

WRITERS = 8
WRITES = 40


@pytest.fixture
def club(live_database: LiveDatabase, world: Any) -> Iterator[ClubWorld]:
    """Club a in the committing database, bound to this thread."""
    with binding.club(world.a.ref):
        yield world.a


@pytest.fixture
def end(club: ClubWorld) -> Position:
    """Where the feed ends before the test, with everything in it."""
    written = [START]

    def all_told() -> bool:
        last = CheckIn.objects.order_by("recorded_in", "id").last()
        written[0] = feed.read(after=None, limit=1).next
        return last is None or written[0].recorded_in >= last.recorded_in

    assert eventually(all_told)
    return written[0]


@contextmanager
def writing(club: ClubWorld) -> Iterator[tuple[UUID, Callable[[], None]]]:
    """A check-in that somebody else has written and not committed; with it, what commits it."""
    written, may_commit = threading.Event(), threading.Event()
    ids: list[UUID] = []

    def write() -> None:
        try:
            with binding.club(club.ref), transaction.atomic():
                ids.append(log(club.customer, "entry", at=BORN).id)
                written.set()
                may_commit.wait(timeout=60)
        finally:
            connections.close_all()

    thread = threading.Thread(target=write)

    def commit() -> None:
        may_commit.set()
        thread.join(timeout=60)

    thread.start()
    try:
        assert written.wait(timeout=60)
        yield ids[0], commit
    finally:
        commit()


def read_all(after: Position, wanted: int, limit: int = 100) -> list[feed.Event]:
    """Return what the feed tells until it has told ``wanted`` events."""
    events: list[feed.Event] = []
    at = [after]

    def told() -> bool:
        page = feed.read(after=at[0], limit=limit)
        events.extend(page.events)
        at[0] = page.next
        return len(events) >= wanted

    assert eventually(told)
    return events


def ids_of(events: list[feed.Event]) -> list[UUID]:
    return [event.check_in.id for event in events]


class TestRead:
    def test_starts_at_the_end(self, club: ClubWorld, end: Position) -> None:
        log(club.customer, "entry", at=BORN)
        before = feed.read(after=end, limit=5)
        assert before.next in (end, read_all(end, 1)[-1].position)
        page = feed.read(after=None, limit=5)
        assert (page.events, page.more) == ([], False)
        assert page.next == read_all(end, 1)[-1].position

    def test_tells_of_check_ins_and_annulments(self, club: ClubWorld, end: Position) -> None:
        check_in = scan("nonsense", at=BORN).check_in
        member = new_pass(visits=2, at=BORN)
        entry = scan(member.code, at=BORN + timedelta(hours=1)).check_in
        annulment = annul(entry.id, at=BORN + timedelta(hours=2), why="turned back")
        told = [(e.type, e.check_in.id, e.annulment) for e in read_all(end, 3)]
        assert told == [
            (EventType.CHECK_IN, check_in.id, None),
            (EventType.CHECK_IN, entry.id, None),
            (EventType.ANNULMENT, entry.id, annulment),
        ]

    def test_comes_in_pages(self, club: ClubWorld, end: Position) -> None:
        with transaction.atomic():  # all of one transaction: the ids decide
            rows = [log(club.customer, "entry", at=BORN, annulled=n % 2 > 0) for n in range(6)]
        assert len(read_all(end, 9)) == 9
        at, told, more = end, [], []
        for _ in range(5):
            page = feed.read(after=at, limit=2)
            told += page.events
            more.append(page.more)
            at = page.next
        assert more == [True, True, True, True, False]
        assert {e.check_in.id for e in told} == {row.id for row in rows}
        assert [e.position for e in told] == sorted({e.position for e in told})
        assert feed.read(after=at, limit=2) == feed.Page([], at, more=False)

    def test_refuses_a_place_that_it_has_not_come_to(self, club: ClubWorld) -> None:
        ahead = Position(commit_order.horizon() + 1000, UUID(int=0))
        with pytest.raises(InvalidInput, match="after"):
            feed.read(after=ahead, limit=5)


class TestCommitsInAnotherOrder:
    """The first to write is the last to commit, and somebody reads in between."""

    def test_are_told_once_and_in_order(self, club: ClubWorld, end: Position) -> None:
        with writing(club) as (slow, commit):
            fast = log(club.customer, "entry", at=BORN).id
            assert slow < fast
            between = feed.read(after=end, limit=100)
            assert (between.events, between.next) == ([], end)
            commit()
        events = read_all(between.next, 2)
        assert ids_of(events) == [slow, fast]
        for event, rest in zip(events, ([fast], []), strict=True):  # who comes back from anywhere
            assert ids_of(feed.read(after=event.position, limit=100).events) == rest

    def test_would_lose_one_without_the_horizon(
        self, club: ClubWorld, end: Position, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(commit_order, "horizon", lambda: 2**62)
        with writing(club) as (slow, commit):
            fast = log(club.customer, "entry", at=BORN).id
            between = feed.read(after=end, limit=100)
            commit()
        assert ids_of(between.events) == [fast]
        assert feed.read(after=between.next, limit=100).events == []
        assert CheckIn.objects.filter(pk=slow).exists()

    def test_would_lose_one_in_the_order_of_ids(self, club: ClubWorld) -> None:
        def behind(last: UUID) -> list[UUID]:
            rows = CheckIn.objects.filter(id__gt=last).order_by("id")
            return list(rows.values_list("id", flat=True))

        start = log(club.customer, "entry", at=BORN).id
        with writing(club) as (slow, commit):
            fast = log(club.customer, "entry", at=BORN).id
            told = behind(start)
            commit()
        assert told == [fast]
        assert behind(told[-1]) == []
        assert CheckIn.objects.filter(pk=slow).exists()


class TestACrowdOfWriters:
    def test_is_told_of_exactly_once(self, club: ClubWorld, end: Position) -> None:
        committed: set[tuple[str, UUID]] = set()
        keeping = threading.Lock()

        def write(seed: int) -> None:
            rng, pause = random.Random(seed), threading.Event()
            try:
                with binding.club(club.ref):
                    for _ in range(WRITES):
                        made = set()
                        gives_up = rng.random() < 0.2
                        with transaction.atomic():
                            for _ in range(rng.randint(1, 3)):
                                annulled = rng.random() < 0.3
                                row = log(club.customer, "entry", at=BORN, annulled=annulled)
                                made |= {("check_in", row.id)}
                                made |= {("annulment", row.id)} if annulled else set()
                                pause.wait(rng.random() * 0.003)
                            transaction.set_rollback(gives_up)
                        if not gives_up:
                            with keeping:
                                committed.update(made)
            finally:
                connections.close_all()

        rng = random.Random(17)
        threads = [threading.Thread(target=write, args=(n,)) for n in range(WRITERS)]
        for thread in threads:
            thread.start()
        told: list[feed.Event] = []
        at = end
        dropped = 0

        def follow() -> bool:
            nonlocal at, dropped
            page = feed.read(after=at, limit=rng.randint(1, 20))
            if rng.random() < 0.3:  # the answer is lost, and the reader comes back
                connection.close()
                dropped += bool(page.events)
                return False
            told.extend(page.events)
            at = page.next
            return len(told) >= len(committed)

        while any(thread.is_alive() for thread in threads):
            follow()
        assert eventually(follow)
        seen = [(str(event.type), event.check_in.id) for event in told]
        assert len(seen) == len(set(seen))
        assert set(seen) == committed
        assert [e.position for e in told] == sorted(e.position for e in told)
        assert dropped > 3
        assert len(committed) > WRITERS * WRITES
        assert feed.read(after=at, limit=100).events == []


class TestApi:
    @pytest.fixture
    def door(self, club: ClubWorld) -> Caller:
        return api.as_role(club, Role.CLUB_STAFF)

    @staticmethod
    def follow(door: Caller, after: str, wanted: int) -> list[dict[str, Any]]:
        """Return the events behind a cursor, once there are so many."""
        found: list[dict[str, Any]] = []

        def told() -> bool:
            found[:] = door.get(f"door/feed?after={after}").json()["events"]
            return len(found) >= wanted

        assert eventually(told)
        return found

    def test_tells_the_rows_of_the_log(self, door: Caller, club: ClubWorld, end: Position) -> None:
        start = door.get("door/feed").json()
        assert start == {"events": [], "next": end.encode(), "more": False}
        with binding.club(club.ref):  # a request ends unbound
            entry = scan(new_pass(visits=2, at=clock.now()).code, at=clock.now()).check_in
        first, *_ = self.follow(door, start["next"], 1)
        row = door.get(f"check-ins/{entry.id}").json()
        assert first == {"type": "check_in", **row, "annulment": None}
        said = door.post(f"check-ins/{entry.id}/annul", {"reason": "turned back"}).json()
        _, second = self.follow(door, start["next"], 2)
        row = door.get(f"check-ins/{entry.id}").json()
        assert second == {"type": "annulment", **row, "annulment": said}
        assert row["annulled_at"] == said["annulled_at"]

    def test_goes_on_from_where_it_was(self, door: Caller, end: Position) -> None:
        ids = [str(scan("nonsense", at=BORN).check_in.id) for _ in range(5)]
        assert len(self.follow(door, end.encode(), 5)) == 5
        page = door.get(f"door/feed?after={end.encode()}&limit=3").json()
        assert ([e["id"] for e in page["events"]], page["more"]) == (ids[:3], True)
        page = door.get(f"door/feed?after={page['next']}&limit=3").json()
        assert ([e["id"] for e in page["events"]], page["more"]) == (ids[3:], False)
        nothing = door.get(f"door/feed?after={page['next']}").json()
        assert nothing == {"events": [], "next": page["next"], "more": False}

    def test_takes_three_queries_for_any_number(
        self, door: Caller, club: ClubWorld, end: Position
    ) -> None:
        for _ in range(5):
            log(club.customer, "entry", at=BORN, annulled=True, location=club.location)
        assert len(self.follow(door, end.encode(), 10)) == 10
        with CaptureQueriesContext(connection) as queries:
            page = door.get(f"door/feed?after={end.encode()}").json()
        assert len(page["events"]) == 10
        assert len([q for q in queries if "set_config" not in q["sql"]]) == 3

    @pytest.mark.parametrize(
        ("query", "field"),
        [
            ("after=", "after"),
            ("after=yesterday", "after"),
            ("after=%00", "after"),
            (f"after={'A' * 31}", "after"),
            (f"after={Position(2**63 - 1, UUID(int=1)).encode()}", "after"),
            (f"after={Position(2**64 - 1, UUID(int=1)).encode()}", "after"),
            ("limit=0", "limit"),
            ("limit=201", "limit"),
            ("limit=many", "limit"),
            ("since=2026-03-02T10:00:00Z", "since"),
        ],
    )
    def test_names_what_it_cannot_read(self, door: Caller, query: str, field: str) -> None:
        answer = door.get(f"door/feed?{query}")
        assert answer.status_code == 400
        assert answer["Content-Type"] == "application/problem+json"
        assert [error["field"] for error in answer.json()["errors"]] == [field]
