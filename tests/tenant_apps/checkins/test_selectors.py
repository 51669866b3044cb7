"""Who is inside, against a small model in Python that reads the whole log."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection

from platform_shared.kit.ids import new_id
from platform_shared.kit.principal import stamp
from tenant_apps.checkins import selectors
from tenant_apps.checkins.models import Annulment, CheckIn
from tenant_apps.customers.models import Customer
from tenant_apps.locations import services as location_services
from tests.support.world import BORN, ClubWorld
from tests.tenant_apps.checkins.door import log
from tests.tenant_apps.sales.desk import STAFF

NIGHT = datetime(2026, 3, 3, 3, 0, tzinfo=UTC)


def model(since: datetime) -> dict[UUID, tuple[UUID, datetime, UUID | None]]:
    """Return (entry, its time, its location) of everybody inside, by customer."""
    annulled = set(Annulment.objects.values_list("check_in_id", flat=True))
    last: dict[Any, CheckIn] = {}
    for row in sorted(CheckIn.objects.all(), key=lambda row: (row.scanned_at, row.id)):
        if row.result == "accepted" and row.id not in annulled:
            last[row.customer_id] = row
    return {
        customer: (row.id, row.scanned_at, row.location_id)
        for customer, row in last.items()
        if row.kind == "entry" and row.scanned_at >= since
    }


def found(since: datetime) -> dict[UUID, tuple[UUID, datetime, UUID | None]]:
    rows = selectors.inside(since)
    return {row.customer_id: (row.id, row.scanned_at, row.location_id) for row in rows}  # type: ignore[misc]


@pytest.mark.usefixtures("bound_a")
class TestInside:
    def test_are_those_whose_last_scan_is_an_entry(self, club_a: ClubWorld) -> None:
        log(club_a.customer, "entry", at=NIGHT)
        log(club_a.other_customer, "entry", at=NIGHT)
        log(club_a.other_customer, "exit", at=NIGHT + timedelta(minutes=1))
        assert list(found(NIGHT)) == [club_a.customer]

    def test_are_gone_at_the_clubs_night(self, club_a: ClubWorld) -> None:
        log(club_a.customer, "entry", at=NIGHT - timedelta(microseconds=1))
        assert found(NIGHT) == {}
        assert list(found(NIGHT - timedelta(days=1))) == [club_a.customer]

    def test_are_not_let_in_by_a_refusal_nor_out(self, club_a: ClubWorld) -> None:
        log(club_a.other_customer, "entry", at=NIGHT, reason="no_credits")
        log(club_a.customer, "entry", at=NIGHT)
        log(club_a.customer, "exit", at=NIGHT + timedelta(minutes=1), reason="code_revoked")
        assert list(found(NIGHT)) == [club_a.customer]

    def test_are_counted_by_what_stands(self, club_a: ClubWorld) -> None:
        log(club_a.customer, "entry", at=NIGHT, annulled=True)
        log(club_a.other_customer, "entry", at=NIGHT)
        log(club_a.other_customer, "exit", at=NIGHT + timedelta(hours=1), annulled=True)
        assert list(found(NIGHT)) == [club_a.other_customer]

    def test_are_where_they_came_in_last(self, club_a: ClubWorld) -> None:
        back = location_services.create_location(name="Back door", now=BORN)
        log(club_a.customer, "entry", at=NIGHT, location=club_a.location)
        second = log(club_a.customer, "entry", at=NIGHT + timedelta(hours=1), location=back.id)
        assert found(NIGHT) == {club_a.customer: (second.id, second.scanned_at, back.id)}

    def test_are_ordered_by_id_where_two_scans_have_one_time(self, club_a: ClubWorld) -> None:
        log(club_a.customer, "exit", at=NIGHT)
        log(club_a.customer, "entry", at=NIGHT)
        assert list(found(NIGHT)) == [club_a.customer]

    @pytest.mark.parametrize("seed", range(5))
    def test_are_those_whom_the_model_names(self, club_a: ClubWorld, seed: int) -> None:
        rng = random.Random(seed)
        back = location_services.create_location(name="Back door", now=BORN)
        customers = Customer.objects.bulk_create(
            Customer(name=f"Visitor {n}", created_at=BORN) for n in range(12)
        )
        for _ in range(150):
            log(
                rng.choice(customers).id,
                rng.choice(["entry", "entry", "exit"]),
                at=NIGHT + timedelta(minutes=rng.randint(-300, 300)),
                location=rng.choice([club_a.location, back.id, None]),
                reason=rng.choice(["ok", "ok", "ok", "no_credits"]),
                annulled=rng.random() < 0.2,
            )
        for hours in (-5, -1, 0, 2, 4):
            since = NIGHT + timedelta(hours=hours)
            assert found(since) == model(since)
        assert 0 < len(model(NIGHT)) < len(customers)

    def test_would_be_others_if_annulled_scans_counted(
        self, club_a: ClubWorld, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        # Negative control: the model notices a condition that is missing.
        log(club_a.customer, "entry", at=NIGHT, annulled=True)
        assert found(NIGHT) == model(NIGHT) == {}
        less = selectors.INSIDE_SQL.replace("check_in_id = scan.id", "FALSE")
        monkeypatch.setattr(selectors, "INSIDE_SQL", less)
        assert found(NIGHT) != model(NIGHT)

    def test_are_found_by_the_index_on_time(self, club_a: ClubWorld) -> None:
        CheckIn.objects.bulk_create(
            [
                CheckIn(
                    scan_id=new_id(),
                    request_hash=b"",
                    kind="entry",
                    method="code",
                    result="accepted",
                    reason="ok",
                    scanned_at=NIGHT - timedelta(minutes=n),
                    customer_id=club_a.customer,
                    **stamp(STAFF),
                )
                for n in range(2000)
            ]
        )
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE checkins_checkin")
        plan = selectors.inside(NIGHT).explain()
        assert "checkins_by_time" in plan
        assert "Seq Scan on checkins_checkin" not in plan
