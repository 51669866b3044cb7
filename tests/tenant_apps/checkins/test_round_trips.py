"""A scan takes three round trips to the database, counted where the bytes go by.

libpq writes down every protocol message (PQtrace): a round trip is a turn from what we send (F) to
what the server answers (B). The whole request is counted, over the API, with its real commit.
"""

import contextlib
import itertools
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings
from django.db import connection
from psycopg import pq

from platform_shared.clubs.models import Club
from platform_shared.kit import clock, shared_cache, valkey
from platform_shared.kit.access import Role
from platform_shared.tenancy import binding, pipeline, process
from tenant_apps.locations.models import Location
from tenant_apps.qr_codes import services as code_services
from tenant_apps.subscriptions import services as subscription_services
from tests.conftest import LiveDatabase
from tests.support import api
from tests.support.api import Caller
from tests.support.world import ClubWorld
from tests.tenant_apps.sales.desk import STAFF, Pass, new_customer, new_pass

ALLOWED = 3

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="psycopg traces on Linux alone")


@dataclass
class Trace:
    """What went over the connection while it was traced."""

    path: Path
    lines: list[list[str]] = field(default_factory=list)

    @property
    def round_trips(self) -> int:
        """How often something sent was followed by something received."""
        sides = [line[0] for line in self.lines]
        return sum(turn == ("F", "B") for turn in itertools.pairwise(sides))

    def sent(self, kind: str) -> int:
        """Return how many messages of a kind (`Execute`, `Query` ...) went out."""
        return sum(line[0] == "F" and line[2] == kind for line in self.lines)


@contextlib.contextmanager
def traced(path: Path) -> Iterator[Trace]:
    """Write down this thread's connection in the block."""
    connection.ensure_connection()
    pgconn: Any = connection.connection.pgconn
    trace = Trace(path)
    with path.open("wb") as target:
        # libpq takes the descriptor over as a stream of its own and never closes it.
        pgconn.trace(os.dup(target.fileno()))
        pgconn.set_trace_flags(pq.Trace.SUPPRESS_TIMESTAMPS)
        try:
            yield trace
        finally:
            pgconn.untrace()
    lines = [line.split("\t") for line in path.read_text().splitlines()]
    # A statement of several lines is written as it is: only the first of them is a message.
    trace.lines = [line for line in lines if line[0] in ("F", "B")]


@contextlib.contextmanager
def one_by_one() -> Iterator[pipeline.Batch]:
    """Open what looks like a batch and sends each statement on its own."""
    current = pipeline.Batch()
    yield current
    current.collect()


@pytest.fixture
def door(live_database: LiveDatabase, world: Any, monkeypatch: pytest.MonkeyPatch) -> Caller:
    """The staff of club a at a web process, which has their session and host in memory."""
    monkeypatch.setattr(process, "limits", settings.WEB_LIMITS)
    club: ClubWorld = world.a
    caller = api.as_role(club, Role.CLUB_STAFF)
    for _ in range(1000):
        # The first asks Valkey to be told of changes; nothing is kept before that is heard.
        if shared_cache._listener.hearing and caller.get("me").status_code == 200:
            return caller
        caller.get("me")
    raise AssertionError("Valkey does not tell of changes")


@pytest.fixture
def member(live_database: LiveDatabase, world: Any) -> Pass:
    """A new customer of club a with visits."""
    with binding.club(world.a.ref):
        return new_pass(visits=3, at=clock.now())


def scan(door: Caller, **body: Any) -> Any:
    """Scan, and return the answer."""
    return door.post("door/scans", {"scan_id": str(uuid4()), "kind": "entry", **body})


def set_capacity(club: ClubWorld, people: int | None) -> None:
    """Limit how many may be inside the club and its location, or don't."""
    with binding.club(club.ref):
        Club.objects.filter(pk=club.ref.id).update(capacity=people)
        Location.objects.filter(pk=club.location).update(capacity=people)


class TestRoundTrips:
    def test_are_three_for_an_accepted_scan(
        self, door: Caller, member: Pass, world: Any, tmp_path: Path
    ) -> None:
        with traced(tmp_path / "trace") as trace:
            answer = scan(door, code=member.code, location=str(world.a.location))
        assert (answer.status_code, answer.json()["reason"]) == (201, "ok")
        assert answer.json()["subscription"]["credits_left"] == 2
        assert trace.round_trips <= ALLOWED

    def test_are_no_more_for_a_refusal_an_exit_or_a_repeat(
        self, door: Caller, member: Pass, tmp_path: Path
    ) -> None:
        scan_id = str(uuid4())
        for kind, said, status in (
            ("entry", "ok", 201),
            ("entry", "ok", 200),
        ):
            with traced(tmp_path / "trace") as trace:
                answer = scan(door, scan_id=scan_id, code=member.code, kind=kind)
            assert (answer.json()["reason"], answer.status_code) == (said, status)
            assert trace.round_trips <= ALLOWED
        for body, said in (
            ({"code": member.code}, "already_inside"),
            ({"code": member.code, "kind": "exit"}, "ok"),
            ({"code": "nonsense"}, "unknown_code"),
            ({"customer": str(member.customer)}, "ok"),
        ):
            with traced(tmp_path / "trace") as trace:
                answer = scan(door, **body)
            assert answer.json()["reason"] == said
            assert trace.round_trips <= ALLOWED

    def test_are_no_more_for_a_member_a_first_visit_and_a_house_with_room(
        self, door: Caller, world: Any, tmp_path: Path
    ) -> None:
        club: ClubWorld = world.a
        now = clock.now()
        with binding.club(club.ref):
            owner = new_pass(
                visits=3,
                at=now,
                duration=("day", 5),
                valid_from="first_visit",
                max_members=1,
            )
            child = new_customer("Child")
            subscription_services.add_member(
                subscription_id=owner.subscription, customer_id=child.id, now=now, actor=STAFF
            )
            code = code_services.draw(
                code_services.issue_code(
                    customer_id=child.id, expires_at=None, now=now, actor=STAFF
                )
            )
        set_capacity(club, 100_000)
        try:
            with traced(tmp_path / "trace") as trace:
                answer = scan(door, code=code, location=str(club.location))
        finally:
            set_capacity(club, None)
        said = answer.json()
        assert (answer.status_code, said["reason"]) == (201, "ok")
        assert said["subscription"]["id"] == str(owner.subscription)
        assert said["subscription"]["credits_left"] == 2
        assert said["subscription"]["ends_at"] is not None
        assert trace.round_trips <= ALLOWED

    def test_would_be_many_without_the_pipeline(
        self, door: Caller, member: Pass, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        # Negative control: the same scan, each statement waiting for its answer.
        monkeypatch.setattr(pipeline, "batch", one_by_one)
        with traced(tmp_path / "trace") as trace:
            answer = scan(door, code=member.code)
        assert answer.json()["reason"] == "ok"
        statements = trace.sent("Query") + trace.sent("Execute")
        assert trace.round_trips >= statements  # preparing one is a round trip more
        assert trace.round_trips > 4 * ALLOWED

    def test_would_be_more_with_cold_caches(
        self, door: Caller, member: Pass, tmp_path: Path
    ) -> None:
        # Negative control: what the session and the host are looked up for shows in the count.
        for kept in shared_cache._listener._caches.values():
            kept.forget_all()
        valkey.client().flushdb()
        with traced(tmp_path / "trace") as trace:
            answer = scan(door, code=member.code)
        assert answer.json()["reason"] == "ok"
        assert trace.round_trips > ALLOWED
