"""Reading takes a known number of queries, however many rows there are."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from platform_shared.documents.management.commands.export_openapi import HOSTS, document
from platform_shared.kit import shared_cache, valkey
from tenant_apps.customers.api.serializers import CUSTOMER
from tenant_apps.customers.models import Customer
from tenant_apps.invoices import selectors as invoice_selectors
from tenant_apps.invoices.api.serializers import InvoiceSerializer
from tenant_apps.invoices.models import Invoice
from tests.permissions.scene import Scene
from tests.permissions.table import Row
from tests.query_counts import counting
from tests.support.world import ClubWorld

BASELINE = Path(__file__).with_name("baseline.json")
MORE = 20


def measured(scenes: dict[str, Scene]) -> dict[str, int]:
    """Return how many queries each reading route takes, by route."""
    rows = [*counting.READING, *map(counting.expanded, counting.EXPANDED)]
    return {str(row): counting.asked(scenes[row.host], row)[0] for row in rows}


class TestBaseline:
    def test_is_what_the_routes_take(
        self, scenes: dict[str, Scene], request: pytest.FixtureRequest
    ) -> None:
        found = measured(scenes)
        if request.config.getoption("--update-query-counts", default=False):
            BASELINE.write_text(json.dumps(found, indent=2) + "\n")
        assert found == json.loads(BASELINE.read_text())

    def test_would_notice_a_query_too_many(
        self, scenes: dict[str, Scene], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        listed = invoice_selectors.list_invoices
        monkeypatch.setattr(
            invoice_selectors, "list_invoices", lambda: Invoice.objects.count() and listed()
        )
        row = "club: GET /api/v1/invoices"
        assert measured(scenes)[row] == json.loads(BASELINE.read_text())[row] + 1


def growth(
    scenes: dict[str, Scene], club: ClubWorld, lists: dict[str, tuple[str, ...]]
) -> dict[str, tuple[int, int]]:
    """Return (queries before, queries after) of the lists that take more for more rows."""
    rows = [counting.whole_list(host, path) for host, paths in lists.items() for path in paths]
    before = {str(row): counting.asked(scenes[row.host], row) for row in rows}
    counting.add_rows(club, MORE)
    found = {}
    for row in rows:
        queries, answer = counting.asked(scenes[row.host], row)
        first_queries, first_answer = before[str(row)]
        added = len(answer.json()["results"]) - len(first_answer.json()["results"])
        assert added >= MORE, f"{row} shows {added} more rows"
        if queries != first_queries:
            found[str(row)] = (first_queries, queries)
    return found


class TestLists:
    def test_are_all_looked_at(self, scenes: dict[str, Scene]) -> None:
        lists = set()
        for row in counting.READING:
            _, answer = counting.asked(scenes[row.host], row)
            if answer.headers["Content-Type"] == "application/json" and "results" in answer.json():
                lists.add((row.host, row.route.removeprefix("/api/v1/")))
        assert lists == {(host, path) for host, paths in counting.LISTS.items() for path in paths}

    def test_take_no_more_queries_for_more_rows(
        self, scenes: dict[str, Scene], club_a: ClubWorld
    ) -> None:
        assert growth(scenes, club_a, counting.LISTS) == {}

    def test_would_be_found_asking_once_for_each_row(
        self, scenes: dict[str, Scene], club_a: ClubWorld, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(invoice_selectors, "list_invoices", Invoice.objects.all)
        found = growth(scenes, club_a, {"club": ("invoices", "customers")})
        ((row, (before, after)),) = found.items()
        assert row == "club: GET /api/v1/invoices?page_size=200"
        assert after == before + MORE


class TestExpansions:
    def test_are_all_looked_at(self) -> None:
        offered = {}
        for path, item in document(HOSTS["club"])["paths"].items():
            for parameter in item.get("get", {}).get("parameters", ()):
                if parameter["name"] == "expand":
                    route = path.removeprefix("/api/v1/").replace("{", "<uuid:").replace("}", ">")
                    offered[route] = ",".join(parameter["schema"]["items"]["enum"])
        assert offered == counting.EXPANDED

    @pytest.mark.parametrize("guarded", [True, False])
    def test_take_no_more_queries_for_fifty_rows_than_for_one(
        self,
        scenes: dict[str, Scene],
        club_a: ClubWorld,
        monkeypatch: pytest.MonkeyPatch,
        guarded: bool,
    ) -> None:
        if not guarded:  # negative control: customers without what is shown of them
            bare = replace(CUSTOMER, rows=lambda caller: Customer.objects.all())
            monkeypatch.setattr(InvoiceSerializer.Meta, "expansions", (bare,))
        scene = scenes["club"]
        lists = [path for path in counting.EXPANDED if not path.endswith("_id>")]
        counting.add_rows(club_a, 50)
        for path in lists:
            fifty = counting.expanded(path)
            one = Row("club", "GET", f"{fifty.route}&page_size=1", fifty.statuses)
            few, _ = counting.asked(scene, one)
            many, answer = counting.asked(scene, fifty)
            shown = answer.json()["results"]
            assert len(shown) == 50
            names = set(counting.EXPANDED[path].split(","))
            assert all(set(row["expanded"]) == names for row in shown)
            if guarded or path != "invoices":
                assert many == few, path
            else:
                assert many > few + 40


class TestFirstRequest:
    def test_looks_up_the_host_and_the_session_and_no_more(self, scenes: dict[str, Scene]) -> None:
        """What the caches save every request after it: without them each would take two more."""
        row = next(r for r in counting.READING if r.route == "/api/v1/me")
        scene, caller = scenes["club"], counting.caller_of(row)
        forget_everything()
        with CaptureQueriesContext(connection) as queries:
            assert scene.ask(row, caller).status_code == 200
        assert len(queries) == 2


def forget_everything() -> None:
    for kept in shared_cache._listener._caches.values():
        kept.forget_all()
    valkey.client().flushdb()


class TestOccupancy:
    def test_takes_no_more_queries_for_more_people_and_locations(
        self, scenes: dict[str, Scene], club_a: ClubWorld
    ) -> None:
        row = next(r for r in counting.READING if r.route.endswith("/door/occupancy"))
        few, _ = counting.asked(scenes["club"], row)
        counting.add_rows(club_a, MORE)
        many, answer = counting.asked(scenes["club"], row)
        assert answer.json()["inside"] >= MORE
        assert len(answer.json()["locations"]) > MORE
        assert many == few


class TestOverview:
    def test_takes_no_more_queries_for_more_rows_and_days(
        self, scenes: dict[str, Scene], club_a: ClubWorld
    ) -> None:
        scene = scenes["club"]
        row = next(r for r in counting.READING if r.route.endswith("/overview"))
        few, _ = counting.asked(scene, row)
        counting.add_rows(club_a, MORE)
        scene.queries[f"GET {row.route}"] = "?from=2026-01-01&to=2027-01-01"
        many, answer = counting.asked(scene, row)
        assert answer.json()["new_subscriptions"] > MORE
        assert many == few
