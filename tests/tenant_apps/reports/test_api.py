"""The overview over the API: its shape, its dates, and what it refuses."""

import pytest

from platform_shared.kit.access import Role
from tests.support import api
from tests.support.api import Caller
from tests.support.world import ClubWorld
from tests.tenant_apps.subscriptions.books import Watch


@pytest.fixture
def office(watch: Watch, club_a: ClubWorld) -> Caller:
    """The staff of club a, with the clock stopped."""
    return api.as_role(club_a, Role.CLUB_STAFF)


class TestOverview:
    def test_answers_by_local_day(self, office: Caller, club_a: ClubWorld) -> None:
        answer = office.get("reports/overview?from=2026-03-01&to=2026-03-04")
        assert answer.status_code == 200
        said = answer.json()
        sold = {
            "check_ins": 0,
            "unique_visitors": 0,
            "revenue": {"amount": 9900, "currency": "EUR"},
            "active_subscriptions": 1,
            "new_subscriptions": 1,
            "lost_subscriptions": 0,
        }
        quiet = sold | {"revenue": {"amount": 0, "currency": "EUR"}, "new_subscriptions": 0}
        assert said == {
            "from": "2026-03-01",
            "to": "2026-03-04",
            "time_zone": "Europe/Berlin",
            **sold,
            "by_day": [
                {"date": "2026-03-01", **quiet, "active_subscriptions": 0},
                {"date": "2026-03-02", **sold},
                {"date": "2026-03-03", **quiet},
            ],
        }

    def test_shows_each_club_its_own(self, office: Caller, club_b: ClubWorld) -> None:
        scan = {"kind": "entry", "customer": str(club_b.customer)}
        there = api.as_role(club_b, Role.CLUB_ADMIN)
        there.post("door/scans", {"scan_id": str(club_b.invoice), **scan})
        path = "reports/overview?from=2026-03-02&to=2026-03-03"
        assert (there.get(path).json()["check_ins"], office.get(path).json()["check_ins"]) == (1, 0)

    @pytest.mark.parametrize(
        ("query", "field", "code"),
        [
            ("from=2026-03-01", "to", "required"),
            ("to=2026-03-01", "from", "required"),
            ("from=2026-03-01&to=2026-03-01", "to", "out_of_range"),
            ("from=2026-03-02&to=2026-03-01", "to", "out_of_range"),
            ("from=2026-01-01&to=2027-02-06", "to", "out_of_range"),
            ("from=1999-12-31&to=2000-01-02", "to", "out_of_range"),
            ("from=2026-02-30&to=2026-03-01", "from", "invalid"),
            ("from=2026-03-01T00:00&to=2026-03-02", "from", "invalid"),
            ("from=2026-03-01&to=2026-03-02&by=week", "by", "unknown_parameter"),
        ],
    )
    def test_names_what_is_wrong(self, office: Caller, query: str, field: str, code: str) -> None:
        answer = office.get(f"reports/overview?{query}")
        assert answer.status_code == 400
        assert answer["Content-Type"] == "application/problem+json"
        assert [(e["field"], e["code"]) for e in answer.json()["errors"]] == [(field, code)]

    @pytest.mark.parametrize(
        ("query", "days"),
        [
            ("from=2026-01-01&to=2027-02-05", 400),
            ("from=2000-01-01&to=2000-01-02", 1),
            ("from=9999-12-30&to=9999-12-31", 1),
        ],
    )
    def test_reaches_as_far_as_it_says(self, office: Caller, query: str, days: int) -> None:
        answer = office.get(f"reports/overview?{query}")
        assert (answer.status_code, len(answer.json()["by_day"])) == (200, days)

    def test_is_not_for_customers(self, club_a: ClubWorld, watch: Watch) -> None:
        carla = api.as_role(club_a, Role.CUSTOMER)
        answer = carla.get("reports/overview?from=2026-03-02&to=2026-03-03")
        assert answer.status_code == 403
