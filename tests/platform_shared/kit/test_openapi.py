"""The two documents describe every operation, its errors and what it needs."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django import urls
from drf_spectacular import plumbing
from drf_spectacular.settings import spectacular_settings
from rest_framework.throttling import AnonRateThrottle

from platform_shared.documents.generator import Generator
from platform_shared.documents.management.commands.export_openapi import HOSTS, document
from platform_shared.kit import openapi
from platform_shared.kit.access import Open, Permission
from platform_shared.kit.serializers import StrictSerializer
from platform_shared.kit.views import ApiView, Request, Response
from tests.architecture.test_access import views

PROBLEM = {"schema": {"$ref": "#/components/schemas/Problem"}}


@pytest.fixture(scope="module", params=HOSTS)
def described(request: pytest.FixtureRequest) -> dict[str, Any]:
    return document(HOSTS[request.param])


def operations(described: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield (method, path, operation)."""
    for path, item in described["paths"].items():
        for method, operation in item.items():
            yield method, path, operation


class BareView(ApiView):
    access = {"GET": Open.PUBLIC}

    @openapi.operation("getBare", "Bare", answers={204: None})
    def get(self, request: Request) -> Response:
        return Response(status=204)


def bare_document(view: type[ApiView]) -> dict[str, Any]:
    """Return what is said of a view that says nothing itself."""
    generator = Generator(patterns=[urls.path("bare", view.as_view())])  # type: ignore[no-untyped-call]
    document: Any = generator.get_schema(public=True)  # type: ignore[no-untyped-call]
    found: dict[str, Any] = document["paths"]["/bare"]["get"]
    return found


class TestOperation:
    def test_has_an_id_of_its_own_that_reads_well(self, described: dict[str, Any]) -> None:
        ids = [operation["operationId"] for _, _, operation in operations(described)]
        assert len(ids) == len(set(ids)) > 0
        assert all(i.isalnum() and i[0].islower() and "api" not in i.lower() for i in ids)

    def test_has_a_tag(self, described: dict[str, Any]) -> None:
        assert all(len(operation["tags"]) == 1 for _, _, operation in operations(described))


class TestOperationSchema:
    def test_says_which_permission_is_needed(self, described: dict[str, Any]) -> None:
        needed = {operation["x-permission"] for _, _, operation in operations(described)}
        assert needed <= {*map(str, Permission), str(Open.PUBLIC)}

    def test_asks_for_a_token_except_where_it_is_public(self, described: dict[str, Any]) -> None:
        for _, path, operation in operations(described):
            public = operation["x-permission"] == Open.PUBLIC
            assert operation.get("security", []) == ([] if public else [{"accessToken": []}]), path

    def test_lists_the_problems_that_can_be_met_by_what_the_operation_is(
        self, described: dict[str, Any]
    ) -> None:
        at_club = described["info"]["title"].endswith("club")
        for method, path, operation in operations(described):
            codes = {
                code
                for answer in operation["responses"].values()
                for code in answer.get("x-error-codes", ())
                if PROBLEM.items() <= answer["content"]["application/problem+json"].items()
            }
            expected = {"internal_error", "temporarily_unavailable"}
            names = {p["in"] for p in operation.get("parameters", [])}
            if "requestBody" in operation:
                expected |= {"invalid_input", "malformed_request", "length_required"}
                expected |= {"payload_too_large", "unsupported_media_type"}
            if "path" in names:
                expected |= {"not_found"}
            if operation["operationId"].startswith("list"):
                expected |= {"invalid_input", "not_found"}
            if at_club:
                expected |= {"unknown_host"}
            if operation["x-permission"] != Open.PUBLIC:
                expected |= {"not_authenticated", "invalid_token"}
                expected |= {"forbidden", "support_session_required"} if at_club else set()
            assert expected <= codes, (method, path)
            if "requestBody" not in operation:
                assert not codes & {"malformed_request", "payload_too_large"}, (method, path)
            if operation["x-permission"] == Open.PUBLIC:
                assert "not_authenticated" not in codes, (method, path)
            assert at_club or "club_suspended" not in codes, (method, path)

    @pytest.mark.parametrize("throttles", [(), (AnonRateThrottle,)])
    def test_tells_of_throttles_where_there_are_some(self, throttles: tuple[type, ...]) -> None:
        class Throttled(BareView):
            throttle_classes = throttles

        assert ("429" in bare_document(Throttled)["responses"]) is bool(throttles)

    def test_answers_no_conflict_where_nothing_conflicts(self, described: dict[str, Any]) -> None:
        for method, path, operation in operations(described):
            if method == "get" and not path.endswith("/card"):
                assert "409" not in operation["responses"], path
            assert "405" not in operation["responses"]
            assert "406" not in operation["responses"]

    def test_describes_pages_for_lists(self, described: dict[str, Any]) -> None:
        lists = [
            operation
            for _, _, operation in operations(described)
            if operation["operationId"].startswith("list")
        ]
        for operation in lists:
            names = {p["name"] for p in operation["parameters"]}
            assert {"cursor", "page_size"} <= names
        assert lists

    @pytest.mark.parametrize("host", HOSTS)
    def test_describes_every_name_that_a_query_may_have(self, host: str) -> None:
        read = {
            re.sub(r"<\w+:(\w+)>", r"{\1}", path): view()._known_names()
            for path, view in views(HOSTS[host])
            if view and issubclass(view, ApiView)
        }
        seen = 0
        for method, path, operation in operations(document(HOSTS[host])):
            if method == "get" and operation["operationId"].startswith(("list", "export")):
                given = operation["parameters"]
                assert {p["name"] for p in given if p["in"] == "query"} == read[path], path
                seen += 1
        assert seen


class TestUndocumentedBases:
    @pytest.mark.parametrize("guarded", [True, False])
    def test_are_not_what_an_operation_or_a_payload_is_described_by(
        self, monkeypatch: pytest.MonkeyPatch, guarded: bool
    ) -> None:
        if not guarded:  # negative control
            excluded = plumbing.get_lib_doc_excludes
            monkeypatch.setattr(spectacular_settings, "GET_LIB_DOC_EXCLUDES", excluded)
        said = f"{document(HOSTS['club'])} {bare_document(BareView)}"
        for base in (ApiView, StrictSerializer):
            assert base.__doc__
            assert (base.__doc__.split("\n")[0] in said) is not guarded


class TestBearerScheme:
    def test_is_the_only_way_in(self, described: dict[str, Any]) -> None:
        assert described["components"]["securitySchemes"] == {
            "accessToken": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
        }
