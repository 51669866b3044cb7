"""Answers are compressed where that pays and tells nothing, and their tags stay good."""

import gzip
from collections.abc import Iterator
from typing import Any

import pytest
from django.http import HttpResponse, StreamingHttpResponse
from django.test import RequestFactory

from platform_shared.kit import compression
from platform_shared.kit.compression import SHORTEST, CompressionMiddleware
from platform_shared.kit.principal import SYSTEM
from platform_shared.tenancy import binding
from tenant_apps.customers import services as customer_services
from tenant_apps.qr_codes import services as code_services
from tenant_apps.qr_codes.api.views import QRCodesView
from tests.architecture.test_access import api_views
from tests.support.api import Caller
from tests.support.world import BORN, ClubWorld

LONG = b'{"results": [' + b"1, " * SHORTEST + b"1]}"
GZIP = {"Accept-Encoding": "br, gzip;q=0.8"}


def answered(response: Any, *, accept: str = "gzip", allowed: bool = True) -> Any:
    """Return what becomes of a view's answer."""
    if allowed:
        compression.allow(response)
    request = RequestFactory().get("/", headers={"Accept-Encoding": accept})
    return CompressionMiddleware(lambda request: response)(request)


def long_answer(**headers: str) -> HttpResponse:
    return HttpResponse(LONG, content_type="application/json", headers=headers)


class TestCompressionMiddleware:
    def test_compresses_what_is_long(self) -> None:
        response = answered(long_answer())
        assert response["Content-Encoding"] == "gzip"
        assert response["Vary"] == "Accept-Encoding"
        assert gzip.decompress(response.content) == LONG
        assert len(response.content) < len(LONG) / 10

    def test_is_of_another_length_each_time(self) -> None:
        lengths = {len(answered(long_answer()).content) for _ in range(50)}
        assert len(lengths) > 10

    @pytest.mark.parametrize("accept", ["", "br", "identity", "gzip;q=0", "br, gzip ; q=0.000, *"])
    def test_leaves_it_as_it_is_for_who_cannot_read_it(self, accept: str) -> None:
        response = answered(long_answer(ETag='"a"'), accept=accept)
        assert response.content == LONG
        assert response["ETag"] == '"a"'
        assert response["Vary"] == "Accept-Encoding"

    def test_gives_the_compressed_form_a_strong_tag_of_its_own(self) -> None:
        assert answered(long_answer(ETag='"a"'))["ETag"] == '"a.gzip"'

    def test_says_of_what_has_not_changed_that_it_may_differ(self) -> None:
        response = answered(HttpResponse(status=304, headers={"ETag": '"a"'}))
        assert response["Vary"] == "Accept-Encoding"
        assert response["ETag"] == '"a"'

    @pytest.mark.parametrize(
        "response",
        [
            HttpResponse(LONG[: SHORTEST - 1], content_type="application/json"),
            HttpResponse(LONG, content_type="image/png"),
            HttpResponse(LONG, content_type="application/pdf"),
        ],
    )
    def test_costs_nothing_where_it_would_not_pay(self, response: HttpResponse) -> None:
        before = response.content
        answer = answered(response)
        assert answer.content is before
        assert "Vary" not in answer.headers

    def test_does_not_touch_what_no_view_has_allowed(self) -> None:
        assert answered(long_answer(), allowed=False).content == LONG

    def test_sends_on_each_part_as_it_comes(self) -> None:
        made = []

        def parts() -> Iterator[bytes]:
            for number in range(3):
                made.append(number)
                yield b"%d" % number * 5000

        response = answered(StreamingHttpResponse(parts(), content_type="text/csv; charset=utf-8"))
        assert response["Content-Encoding"] == "gzip"
        assert made == []
        stream = iter(response)
        read = next(stream) + next(stream)
        assert made == [0]
        assert gzip.decompress(read + b"".join(stream)) == b"".join(
            b"%d" % number * 5000 for number in range(3)
        )


def add_customers(club: ClubWorld, count: int) -> None:
    with binding.club(club.ref):
        for number in range(count):
            customer_services.create_customer(name=f"Number {number}", now=BORN)


class TestAnswers:
    def test_of_lists_and_exports_are_compressed(self, admin_a: Caller, club_a: ClubWorld) -> None:
        add_customers(club_a, 10)
        for path in ("customers", "customers/export"):
            plain, small = admin_a.get(path), admin_a.get(path, **GZIP)
            assert "Content-Encoding" not in plain.headers
            assert small["Content-Encoding"] == "gzip"
            assert gzip.decompress(small.content) == plain.content

    def test_that_have_secrets_are_not(
        self, staff_a: Caller, club_a: ClubWorld, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with binding.club(club_a.ref):
            customer = customer_services.create_customer(name="Many keys", now=BORN)
            for _ in range(10):
                code_services.issue_code(
                    customer_id=customer.id, expires_at=None, now=BORN, actor=SYSTEM
                )
        codes = staff_a.get("qr-codes", **GZIP)
        assert len(codes.content) > SHORTEST
        assert "Content-Encoding" not in codes.headers
        monkeypatch.setattr(QRCodesView, "has_secrets", False)  # negative control
        assert staff_a.get("qr-codes", **GZIP)["Content-Encoding"] == "gzip"

    def test_of_unsafe_calls_are_not(self, admin_a: Caller) -> None:
        person = {"name": "Long", "notes": "n" * 2 * SHORTEST}
        response = admin_a.post("customers", person, **GZIP)
        assert response.status_code == 201
        assert len(response.content) > SHORTEST
        assert "Content-Encoding" not in response.headers

    def test_can_be_changed_by_who_has_read_them_compressed(
        self, staff_a: Caller, club_a: ClubWorld, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = f"customers/{club_a.customer}"
        assert staff_a.patch(path, {"notes": "n" * 2 * SHORTEST}).status_code == 200
        read = staff_a.get(path, **GZIP)
        assert read["ETag"].endswith('.gzip"')
        copy = staff_a.get(path, **GZIP, **{"If-None-Match": read["ETag"]})
        assert (copy.status_code, copy.content) == (304, b"")
        assert copy["Vary"] == "origin, Accept-Encoding"
        assert staff_a.patch(path, {"name": "New"}, **{"If-Match": read["ETag"]}).status_code == 200
        # Negative control: what Django makes of the tag alone.
        monkeypatch.setattr(compression.preconditions, "coded", lambda tag, coding: f"W/{tag}")
        weak = staff_a.get(path, **GZIP)["ETag"]
        assert staff_a.patch(path, {"name": "Newer"}, **{"If-Match": weak}).status_code == 412


class TestSecretViews:
    def test_are_those_that_show_a_secret_to_a_reader(self) -> None:
        shown = {path for path, view in api_views() if "GET" in view.access and view.has_secrets}
        assert shown == {
            "/api/v1/auth/password",
            "/api/v1/registrations/confirm",
            "/api/v1/qr-codes",
            "/api/v1/qr-codes/<uuid:code_id>",
            "/api/v1/me/qr-codes",
            "/.well-known/jwks.json",  # no secret, and short
        }
