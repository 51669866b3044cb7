"""An answer has the form that it has, whatever the client would rather have."""

from typing import Any

import pytest
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.settings import api_settings
from rest_framework.views import APIView

from tests.support.api import Caller
from tests.support.world import ClubWorld

WISHES = ["image/png", "image/svg+xml", "text/html", "application/problem+json", "x", "*/*"]


@pytest.mark.parametrize("wish", WISHES)
class TestOnlyForm:
    def test_sends_an_image_to_whoever_asks_for_one(
        self, staff_a: Caller, club_a: ClubWorld, wish: str
    ) -> None:
        response = staff_a.get(f"qr-codes/{club_a.qr_code}/image", Accept=wish)
        assert (response.status_code, response["Content-Type"]) == (200, "image/png")

    def test_sends_json_and_problem_documents_as_they_are(
        self, staff_a: Caller, club_a: ClubWorld, wish: str
    ) -> None:
        found = staff_a.get("me", Accept=wish)
        assert (found.status_code, found["Content-Type"]) == (200, "application/json")
        unknown = staff_a.get(f"customers/{club_a.qr_code}", Accept=wish)
        assert (unknown.status_code, unknown["Content-Type"]) == (404, "application/problem+json")


class TestDocument:
    @pytest.mark.parametrize(
        ("wish", "form"),
        [("application/json", "application/json"), ("*/*", "application/vnd.oai.openapi")],
    )
    def test_of_the_api_comes_in_two_forms(self, club_a: ClubWorld, wish: str, form: str) -> None:
        response = Caller(club_a.host).get("/api/schema/", Accept=wish)
        assert response.status_code == 200
        assert response["Content-Type"].startswith(form)


@pytest.mark.usefixtures("undocumented")
class TestWithout:
    def test_an_image_would_be_kept_from_who_asks_for_one(
        self, staff_a: Caller, club_a: ClubWorld, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        plain: Any = DefaultContentNegotiation
        assert APIView.content_negotiation_class is api_settings.DEFAULT_CONTENT_NEGOTIATION_CLASS
        monkeypatch.setattr(APIView, "content_negotiation_class", plain)
        response = staff_a.get(f"qr-codes/{club_a.qr_code}/image", Accept="image/png")
        assert response.status_code == 406
