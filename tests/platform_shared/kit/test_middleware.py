"""Each request has an id, its one log line, and headers that every answer carries."""

import logging
from typing import Any
from uuid import UUID

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from platform_shared.kit import context
from platform_shared.kit.middleware import HEADERS, RequestContextMiddleware
from tests.support.api import Caller
from tests.support.world import ClubWorld


def answered(path: str = "/api/v1/me", **headers: str) -> HttpResponse:
    """Return what comes out of the outermost layer, around a view that says the id it sees."""

    def inside(request: HttpRequest) -> HttpResponse:
        return HttpResponse(context.request_id.get())

    return RequestContextMiddleware(inside)(RequestFactory().get(path, headers=headers))


class TestCaches:
    def test_keep_nothing_that_the_api_says(self, admin_a: Caller, club_a: ClubWorld) -> None:
        for path in ("me", "customers", "auth/password?token=x", "nowhere", "/health/live"):
            assert admin_a.get(path)["Cache-Control"] == "no-store"
        one = admin_a.get(
            f"customers/{club_a.customer}"
        )  # kept by whoever has read it, and checked
        assert one["Cache-Control"] == "private, no-cache"
        image = admin_a.get(f"qr-codes/{club_a.qr_code}/image")
        assert image["Cache-Control"] == "private, no-store"
        assert admin_a.get("/.well-known/jwks.json")["Cache-Control"] == "public, max-age=300"


class TestRequestContextMiddleware:
    @pytest.mark.parametrize("given", ["abcdefgh", "A.b_c-9" * 2, "x" * 64])
    def test_takes_over_a_sane_id(self, given: str) -> None:
        response = answered(**{"X-Request-Id": given})
        assert response["X-Request-Id"] == response.text == given

    @pytest.mark.parametrize(
        "given",
        [
            "",
            "short",
            "x" * 65,
            "with blank",
            'quote"quote',
            "line\tline",
            "ümlaut-12",
            "a/b/c/d/e",
        ],
    )
    def test_replaces_any_other_by_one_of_its_own(self, given: str) -> None:
        response = answered(**{"X-Request-Id": given})
        assert response["X-Request-Id"] == response.text != given
        assert UUID(response.text).version == 7

    def test_gives_two_requests_two_ids(self) -> None:
        assert answered().text != answered().text

    def test_tells_browsers_what_not_to_do(self) -> None:
        said = answered("/anywhere").headers
        assert {name: said[name] for name in HEADERS} == HEADERS
        assert "Strict-Transport-Security" not in said

    def test_leaves_alone_what_an_answer_says_itself(self) -> None:
        def inside(request: HttpRequest) -> HttpResponse:
            return HttpResponse(headers={"Cache-Control": "public"})

        said = RequestContextMiddleware(inside)(RequestFactory().get("/")).headers
        assert said["Cache-Control"] == "public"

    def test_insists_on_https_where_that_is_how_it_is_reached(self, settings: Any) -> None:
        settings.EXTERNAL_SCHEME = "https"
        assert answered()["Strict-Transport-Security"] == "max-age=31536000"

    def test_logs_a_request_once_without_its_query(self, caplog: pytest.LogCaptureFixture) -> None:
        with caplog.at_level(logging.INFO, logger="qr_checkin.request"):
            answered("/api/v1/auth/password?token=very-secret")
        assert [r.getMessage() for r in caplog.records] == ["GET /api/v1/auth/password 200"]

    def test_does_not_log_health_checks(self, caplog: pytest.LogCaptureFixture) -> None:
        with caplog.at_level(logging.INFO, logger="qr_checkin.request"):
            answered("/health/live")
        assert caplog.records == []

    def test_puts_the_same_id_into_problem_documents(self, db: None) -> None:
        response = Caller("nowhere.localhost").get("me", **{"X-Request-Id": "of-the-client"})
        assert response.json()["request_id"] == "of-the-client"
        assert response["X-Request-Id"] == "of-the-client"
