"""The base of every view."""

from collections.abc import Callable
from typing import Any, ClassVar

import pytest
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.test import APIRequestFactory

from platform_shared.kit.serializers import MoneySerializer
from platform_shared.kit.views import ApiView
from tenant_apps.customers.api.filters import CustomerFilter
from tests.query_counts.counting import LISTS
from tests.support.api import Caller


class Plain(ApiView):
    pass


class Filtering(ApiView):
    filterset_class: ClassVar[type[CustomerFilter]] = CustomerFilter


class FilteringAtLast(Plain):
    filterset_class: ClassVar[type[CustomerFilter]] = CustomerFilter


class TestApiView:
    def test_allows_nothing_by_itself(self) -> None:
        assert ApiView.access == {}
        assert not ApiView.allowed_when_suspended

    def test_filters_only_where_filters_are_declared(self) -> None:
        assert Plain.filter_backends == ()
        assert len(Filtering.filter_backends) == 1
        assert FilteringAtLast.filter_backends == Filtering.filter_backends

    def test_has_a_caller_only_where_somebody_is_known(self) -> None:
        view = Plain()
        view.request = Request(APIRequestFactory().get("/"))
        with pytest.raises(AssertionError):
            _ = view.caller

    def test_refuses_payloads_that_are_not_valid(self) -> None:
        view = Plain()
        view.request = Plain().initialize_request(
            APIRequestFactory().post("/", {"amount": "x"}, format="json")
        )
        with pytest.raises(ValidationError):
            view.valid(MoneySerializer)


class TestFilterQueryset:
    @pytest.fixture
    def ask(
        self, admin_a: Caller, customer_a: Caller, root: Caller
    ) -> Callable[[str, str], tuple[int, Any]]:
        """Return (status, answer) of a path on a kind of host, asked by who may."""

        def get(host: str, path: str) -> tuple[int, Any]:
            who = customer_a if path.startswith("me/") else admin_a
            answer = (root if host == "platform" else who).get(path)
            return answer.status_code, answer.json()

        return get

    @pytest.mark.parametrize(
        ("host", "path"),
        [(host, path) for host, paths in LISTS.items() for path in paths if "<" not in path],
    )
    def test_refuses_a_name_that_nothing_reads(
        self, ask: Callable[[str, str], tuple[int, Any]], host: str, path: str
    ) -> None:
        status, answer = ask(host, f"{path}?page_size=1&zz=&bogus=1&bogus=2")
        assert (status, answer["code"]) == (400, "invalid_input")
        assert [(e["field"], e["code"]) for e in answer["errors"]] == [
            ("bogus", "unknown_parameter"),
            ("zz", "unknown_parameter"),
        ]
        status, answer = ask(host, f"{path}?page_size=1")
        assert status == 200
        if answer["next"]:
            assert ask(host, "/" + answer["next"].split("/", 3)[3])[0] == 200

    @pytest.mark.parametrize(
        "query", ["is_actve=false", "Email=x", "email__exact=x", "is_active[]=true", "=x", "%ff=x"]
    )
    def test_takes_no_name_for_one_that_is_like_it(self, admin_a: Caller, query: str) -> None:
        for path in ("customers", "customers/export"):
            answer = admin_a.get(f"{path}?{query}")
            assert answer.status_code == 400
            (error,) = answer.json()["errors"]
            assert error["code"] == "unknown_parameter"

    @pytest.mark.parametrize("path", ["customers", "customers/export", "check-ins"])
    def test_would_show_everything_without_the_guard(
        self, admin_a: Caller, monkeypatch: pytest.MonkeyPatch, path: str
    ) -> None:
        whole = admin_a.get(path).content
        monkeypatch.setattr(ApiView, "_require_known_query", lambda self, request: None)
        answer = admin_a.get(f"{path}?is_actve=false")
        assert (answer.status_code, answer.content) == (200, whole)

    @pytest.mark.parametrize(
        "query",
        [
            "page_size=1&page_size=2",
            "page_size=1&page_size=1",
            "ordering=id&ordering=-id",
            "fields=id&fields=name",
            "is_active=true&is_active=",
        ],
    )
    def test_does_not_choose_between_two_values(self, admin_a: Caller, query: str) -> None:
        answer = admin_a.get(f"customers?{query}")
        assert answer.status_code == 400
        (error,) = answer.json()["errors"]
        assert (error["field"], error["code"]) == (query.split("=")[0], "repeated_parameter")
