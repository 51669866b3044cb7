"""An operation that goes says so: in every answer, and in the document."""

from datetime import date
from typing import Any, cast

import pytest
from django.conf import settings
from django.test import Client, override_settings
from django.urls import include, path
from drf_spectacular.settings import spectacular_settings
from drf_spectacular.utils import OpenApiParameter

from platform_shared.documents.generator import Generator
from platform_shared.kit.access import Open
from platform_shared.kit.deprecation import Deprecation
from platform_shared.kit.errors import NotFound
from platform_shared.kit.openapi import operation
from platform_shared.kit.views import ApiView, Request, Response
from platform_shared.project.urls_common import handler404, handler500
from tests.support.api import PLATFORM_HOST

GOING = Deprecation(since=date(2026, 1, 1), sunset=date(2026, 7, 1), link="/api/redoc/#tag/Things")


class OldView(ApiView):
    access = {"GET": Open.PUBLIC, "POST": Open.PUBLIC}
    authentication_classes = ()

    @operation(
        "getOld",
        "Old",
        parameters=[OpenApiParameter("missing", description="Is it?")],
        answers={204: None},
        deprecated=GOING,
    )
    def get(self, request: Request) -> Response:
        if "missing" in request.query_params:
            raise NotFound
        return Response(status=204, headers={"Link": '</next>; rel="next"'})

    @operation("addOld", "Old", answers={204: None})
    def post(self, request: Request) -> Response:
        return Response(status=204)


urlpatterns = [path("api/v1/", include([path("old", OldView.as_view())]))]
__all__ = ["handler404", "handler500"]


@pytest.fixture
def old(db: None) -> Any:
    with override_settings(ROOT_URLCONF=__name__):
        yield Client(headers={"Host": PLATFORM_HOST})


class TestAnswers:
    @pytest.mark.parametrize("method", ["GET", "HEAD"])
    @pytest.mark.parametrize("query", ["", "?missing=1"])
    def test_say_since_when_and_until_when(self, old: Client, method: str, query: str) -> None:
        answer = old.generic(method, f"/api/v1/old{query}")
        assert answer.status_code == (404 if query else 204)
        assert answer["Deprecation"] == "@1767225600"  # RFC 9745: a structured field's date
        assert answer["Sunset"] == "Wed, 01 Jul 2026 00:00:00 GMT"
        link = '</api/redoc/#tag/Things>; rel="deprecation", </api/redoc/#tag/Things>; rel="sunset"'
        assert answer["Link"] == (link if query else f'</next>; rel="next", {link}')

    def test_of_what_stays_say_nothing(self, old: Client) -> None:
        answer = old.post("/api/v1/old", content_type="application/json")
        assert answer.status_code == 204
        assert not {"Deprecation", "Sunset", "Link"} & set(answer.headers)


class TestDocument:
    def test_says_so_too(self) -> None:
        generator = Generator(urlconf=__name__)  # type: ignore[no-untyped-call]
        described = cast(dict[str, Any], generator.get_schema(public=True))  # type: ignore[no-untyped-call]
        told = described["paths"]["/api/v1/old"]
        assert told["get"]["deprecated"] is True
        assert told["get"]["x-deprecation"] == {
            "since": "2026-01-01",
            "sunset": "2026-07-01",
            "link": "/api/redoc/#tag/Things",
        }
        assert not {"deprecated", "x-deprecation"} & set(told["post"])
        assert spectacular_settings.DEFAULT_GENERATOR_CLASS is Generator
        assert __name__ != settings.CLUB_URLCONF


class TestDeprecation:
    def test_needs_no_end(self) -> None:
        open_end = Deprecation(since=date(2026, 1, 1), link="/why")
        assert open_end.headers() == {
            "Deprecation": "@1767225600",
            "Link": '</why>; rel="deprecation"',
        }
        assert open_end.document() == {"since": "2026-01-01", "link": "/why"}

    def test_comes_before_the_end(self) -> None:
        with pytest.raises(ValueError, match="announced"):
            Deprecation(since=date(2026, 7, 1), sunset=date(2026, 7, 1), link="/why")
