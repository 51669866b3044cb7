"""Lists come in pages that can be walked in both directions, and cost the same everywhere."""

from base64 import b64encode
from typing import Any
from urllib.parse import quote

import pytest
from pytest_django import DjangoAssertNumQueries
from rest_framework.pagination import CursorPagination

from platform_shared.kit.pagination import NewestFirst
from platform_shared.tenancy import binding
from tenant_apps.customers.models import Customer
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


class TestNewestFirst:
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

    @pytest.mark.parametrize(
        ("asked", "given"), [("200", 200), ("1", 1), ("201", 200), ("99999999999", 200)]
    )
    def test_pages_never_hold_more_than_two_hundred(
        self, admin_a: Caller, crowd: list[str], asked: str, given: int
    ) -> None:
        assert len(ids(admin_a.get(f"customers?page_size={asked}").json())) == given

    @pytest.mark.parametrize("asked", ["0", "00", "-1", "1.5", "many", "٣", ""])
    def test_refuses_a_size_that_is_none(self, admin_a: Caller, asked: str) -> None:
        response = admin_a.get(f"customers?page_size={asked}")
        assert response.status_code == 400
        (error,) = response.json()["errors"]
        assert (error["field"], error["code"]) == ("page_size", "invalid")

    @pytest.mark.parametrize(
        "cursor",
        [
            "",
            "%%%",
            "x",
            "é",
            b64encode(b"p=1").decode(),
            b64encode(b"p=%00").decode(),
            b64encode(b"o=-1").decode(),
            b64encode(b"o=10").decode(),
            b64encode(b"r=x&p=01a2079d-3c13-760d-ba5e-59cfcc4e96b9").decode(),
        ],
    )
    def test_cursors_that_are_none_of_ours_are_404(self, admin_a: Caller, cursor: str) -> None:
        response = admin_a.get(f"customers?cursor={quote(cursor)}")
        assert response.status_code == 404
        assert response["Content-Type"] == "application/problem+json"
        assert response.json()["detail"] == "Invalid cursor"

    def test_cursors_would_break_the_query_without_the_guard(
        self, admin_a: Caller, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(NewestFirst, "decode_cursor", CursorPagination.decode_cursor)
        cursor = quote(b64encode(b"p=1").decode())
        assert admin_a.get(f"customers?cursor={cursor}").status_code == 500

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
