"""Lists come in pages that can be walked in both directions, and cost the same everywhere."""

import json
from base64 import urlsafe_b64encode
from collections import defaultdict
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from django.db.models import Value
from pytest_django import DjangoAssertNumQueries

from platform_shared.documents.management.commands.export_openapi import HOSTS, document
from platform_shared.kit.ordering import Ordering, Sort
from platform_shared.tenancy import binding
from tenant_apps.customers import services as customer_services
from tenant_apps.customers.models import Customer
from tenant_apps.payments.models import Payment
from tenant_apps.subscriptions.models import Subscription
from tests.query_counts import counting
from tests.support.api import Caller
from tests.support.world import BORN, ClubWorld


@pytest.fixture
def crowd(club_a: ClubWorld) -> list[str]:
    """Two hundred and ten customers more; their ids, newest first."""
    with binding.club(club_a.ref):
        Customer.objects.bulk_create(
            Customer(name=f"Customer {n}", created_at=BORN) for n in range(210)
        )
        return [str(pk) for pk in Customer.objects.order_by("-id").values_list("id", flat=True)]


def path_of(url: str) -> str:
    """Return the path and query of an absolute link, as the caller takes them."""
    return "/" + url.split("/", 3)[3]


def ids(page: Any) -> list[str]:
    return [row["id"] for row in page["results"]]


def refused(response: Any) -> tuple[str, str]:
    assert response.status_code == 400
    assert response["Content-Type"] == "application/problem+json"
    (error,) = response.json()["errors"]
    return error["field"], error["code"]


def cursor(*said: Any) -> str:
    return urlsafe_b64encode(json.dumps(said).encode()).decode()


ID = "01a2079d-3c13-760d-ba5e-59cfcc4e96b9"
NOW = "2026-01-01T00:00:00+00:00"
MINE = ("listCustomers", "created_at", "after")
GARBAGE = [
    "",
    "%%%",
    "x",
    "é",
    "AAAA",
    "=" * 9,
    urlsafe_b64encode(b"[" * 2000).decode(),
    urlsafe_b64encode(b"[" * 9000).decode(),
    urlsafe_b64encode(b"\xff\xfe").decode(),
    cursor(),
    cursor(*MINE),
    cursor(*MINE, None),
    cursor(*MINE, 7),
    cursor(*MINE, {"a": 1, "b": 2}),
    cursor(*MINE, [NOW]),
    cursor(*MINE, [NOW, ID, ID]),
    cursor(*MINE, [NOW, "x"]),
    cursor(*MINE, [NOW, None]),
    cursor(*MINE, [None, ID]),
    cursor(*MINE, [7, ID]),
    cursor(*MINE, [[], ID]),
    cursor(*MINE, ["2026-02-30T00:00:00+00:00", ID]),
    cursor(*MINE, ["2026-01-01T00:00:00", ID]),
    cursor(*MINE, ["infinity", ID]),
    cursor(*MINE, ["\0", ID]),
    cursor(*MINE, ["\ud800", ID]),
    cursor("listCustomers", "created_at", "beyond", [NOW, ID]),
    cursor("listCustomers", "created_at", [], [NOW, ID]),
    cursor("listCustomers", "name", "after", ["x", ID]),
]
ORDERINGS = {
    "customers": ("id", "name", "created_at"),
    "subscriptions": ("id", "starts_at", "ends_at"),
    "invoices": ("id", "issued_at", "number"),
    "payments": ("id", "paid_at"),
    "check-ins": ("id", "scanned_at"),
    "qr-codes": ("id",),
    "locations": ("id", "name"),
    "packages": ("id", "position"),
    "catalogue": ("id", "position"),
    "staff": ("id", "email"),
    "door/inside": ("id", "since"),
    "clubs": ("id", "slug"),
    "system-users": ("id", "email"),
    "me/subscriptions": ("id", "starts_at", "ends_at"),
    "me/check-ins": ("id", "scanned_at"),
    "me/invoices": ("id", "issued_at", "number"),
    "me/payments": ("id", "paid_at"),
}


def caller_of(path: str) -> str:
    return "root" if path in ("clubs", "system-users") else path.partition("/")[0]


@pytest.fixture
def full(admin_a: Caller, customer_a: Caller, root: Caller, club_a: ClubWorld) -> dict[str, Caller]:
    """Lists with rows that share a place and, where there may be such, rows that have none."""
    counting.add_rows(club_a, 4)
    with binding.club(club_a.ref):
        for model, column in ((Subscription, "ends_at"), (Payment, "paid_at")):
            some = list(model.objects.order_by("id").values_list("pk", flat=True)[1:4])
            without = {"status": "pending"} if model is Payment else {}
            model.objects.filter(pk__in=some).update(**{column: None}, **without)
        Customer.objects.update(created_at=BORN)
        customer_services.index_all()
    return defaultdict(lambda: admin_a, me=customer_a, root=root)


def sort_key(value: Any) -> str:
    return str(value or "").casefold()


def whole(caller: Caller, path: str) -> list[Any]:
    """Return a list that fits on one page."""
    page = caller.get(path).json()
    assert page["next"] is None
    rows: list[Any] = page["results"]
    return rows


def walked(caller: Caller, path: str) -> list[Any]:
    """Return all rows, page by page; on the way back they are the same."""
    page = caller.get(path).json()
    rows = list(page["results"])
    while page["next"]:
        page = caller.get(path_of(page["next"])).json()
        rows += page["results"]
    back = list(page["results"])
    while page["previous"]:
        page = caller.get(path_of(page["previous"])).json()
        back = page["results"] + back
    assert back == rows
    return rows


class TestPages:
    def test_pages_hold_fifty_unless_asked(self, admin_a: Caller, crowd: list[str]) -> None:
        page = admin_a.get("customers").json()
        assert set(page) == {"results", "next", "previous"}
        assert ids(page) == crowd[:50]
        assert page["previous"] is None

    def test_links_lead_through_everything_and_back(
        self, admin_a: Caller, crowd: list[str]
    ) -> None:
        page = admin_a.get("customers?page_size=60").json()
        walked, back = ids(page), []
        while page["next"]:
            assert page["next"].startswith(f"http://{admin_a.host}/api/v1/customers?")
            page = admin_a.get(path_of(page["next"])).json()
            walked += ids(page)
        assert walked == crowd
        while page["previous"]:
            page = admin_a.get(path_of(page["previous"])).json()
            back = ids(page) + back
        assert back == crowd[: len(back)]
        assert len(back) == 180

    def test_links_keep_the_filters(self, admin_a: Caller, crowd: list[str]) -> None:
        page = admin_a.get("customers?is_active=true&page_size=1").json()
        assert "is_active=true" in page["next"]

    @pytest.mark.parametrize(("asked", "given"), [("200", 200), ("1", 1), ("007", 7)])
    def test_pages_hold_as_many_as_one_asks_for(
        self, admin_a: Caller, crowd: list[str], asked: str, given: int
    ) -> None:
        assert len(ids(admin_a.get(f"customers?page_size={asked}").json())) == given

    @pytest.mark.parametrize(
        "asked",
        ["0", "00", "-1", "1.5", "many", "٣", "", "201", "99999999999", "000000001999999"],
    )
    def test_refuses_a_size_that_is_none(self, admin_a: Caller, asked: str) -> None:
        assert refused(admin_a.get(f"customers?page_size={asked}")) == ("page_size", "invalid")

    @pytest.mark.parametrize("asked", ["", "names", "--name", "name,id", "-", "sort_name", "%00"])
    def test_refuses_an_ordering_that_is_not_offered(self, admin_a: Caller, asked: str) -> None:
        answer = admin_a.get(f"customers?ordering={asked}")
        assert refused(answer) == ("ordering", "invalid_choice")

    def test_refuses_cursors_that_are_none_of_ours(self, admin_a: Caller, crowd: list[str]) -> None:
        for text in GARBAGE:
            answer = admin_a.get(f"customers?ordering=created_at&cursor={quote(text)}")
            assert refused(answer) == ("cursor", "invalid_cursor"), text

    @pytest.mark.parametrize("path", ["customers?ordering=name", "customers", "subscriptions"])
    def test_refuses_a_cursor_of_another_list_or_ordering(
        self, admin_a: Caller, crowd: list[str], path: str
    ) -> None:
        given = parse_qs(
            urlsplit(admin_a.get("customers?ordering=-created_at&page_size=1").json()["next"]).query
        )
        sign = "&" if "?" in path else "?"
        answer = admin_a.get(f"{path}{sign}cursor={given['cursor'][0]}")
        assert refused(answer) == ("cursor", "invalid_cursor")

    def test_cursors_would_break_the_query_without_the_guard(
        self, admin_a: Caller, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def unchecked(self: Ordering, field: Any, text: Any) -> Any:
            return Value(text, output_field=field)

        monkeypatch.setattr(Ordering, "_value", unchecked)
        answer = admin_a.get(f"customers?cursor={cursor('listCustomers', '-id', 'after', ['x'])}")
        assert answer.status_code == 500

    def test_later_pages_cost_as_many_queries_as_the_first(
        self,
        admin_a: Caller,
        crowd: list[str],
        django_assert_num_queries: DjangoAssertNumQueries,
    ) -> None:
        page = admin_a.get("customers?page_size=100").json()  # warms what is cached
        for _ in range(2):
            with django_assert_num_queries(2):
                page = admin_a.get(path_of(page["next"])).json()

    def test_of_what_is_gone_the_way_back_leads_to_what_is_left(
        self, admin_a: Caller, club_a: ClubWorld, crowd: list[str]
    ) -> None:
        page = admin_a.get("customers?ordering=id&page_size=200").json()
        with binding.club(club_a.ref):
            left = ids(page)
            Customer.objects.exclude(pk__in=left).delete()
        empty = admin_a.get(path_of(page["next"])).json()
        assert (empty["results"], empty["next"]) == ([], None)
        back = admin_a.get(path_of(empty["previous"])).json()
        assert ids(back) == left
        assert admin_a.get(path_of(back["next"])).json()["results"] == []


class TestOrderings:
    def test_of_every_list_sort_it_and_lead_through_it_and_back(
        self, full: dict[str, Caller]
    ) -> None:
        for path, names in ORDERINGS.items():
            caller = full[caller_of(path)]
            for name in names:
                up, down = (
                    whole(caller, f"{path}?page_size=200&ordering={sign}{name}")
                    for sign in ("", "-")
                )
                assert len(up) > 3, path
                assert up == down[::-1], (path, name)
                if name in up[0]:
                    keys = [(row[name] is None, sort_key(row[name])) for row in up]
                    assert keys == sorted(keys), (path, name)
                assert walked(caller, f"{path}?page_size=2&ordering={name}") == up, (path, name)
                assert walked(caller, f"{path}?page_size=2&ordering=-{name}") == down, (path, name)

    def test_are_those_that_the_documents_say(self) -> None:
        said = {}
        for host in HOSTS.values():
            for path, item in document(host)["paths"].items():
                for parameter in item.get("get", {}).get("parameters", ()):
                    if parameter["name"] == "ordering":
                        names = {name.lstrip("-") for name in parameter["schema"]["enum"]}
                        said[path.removeprefix("/api/v1/")] = names
        assert {path: names for path, names in said.items() if names != {"id"}} == {
            path: set(names) for path, names in ORDERINGS.items() if len(names) > 1
        }

    @pytest.mark.parametrize("ties_are_settled", [True, False])
    def test_skip_and_repeat_nothing_that_was_there_while_others_come(
        self,
        admin_a: Caller,
        club_a: ClubWorld,
        crowd: list[str],
        monkeypatch: pytest.MonkeyPatch,
        ties_are_settled: bool,
    ) -> None:
        if not ties_are_settled:  # negative control
            columns = Sort.columns_and_id
            monkeypatch.setattr(Sort, "columns_and_id", lambda self: columns(self)[:1])
        for ordering in ("created_at", "-created_at", "name", "-name"):
            seen, path = [], f"customers?ordering={ordering}&page_size=40"
            while path:
                page = admin_a.get(path).json()
                seen += ids(page)
                with binding.club(club_a.ref):  # before, among and behind those who are there
                    for name in ("Aa", "Customer 77", "Zz"):
                        later = BORN + timedelta(days=len(seen))
                        Customer.objects.create(name=name, sort_name=name, created_at=BORN)
                        Customer.objects.create(name=name, sort_name=name, created_at=later)
                path = path_of(page["next"]) if page["next"] and len(seen) < 1000 else ""
            there = [pk for pk in seen if pk in set(crowd)]
            assert len(there) == len(set(there))
            if ties_are_settled:
                assert set(there) == set(crowd)
            elif "created_at" in ordering:
                assert set(there) < set(crowd)
