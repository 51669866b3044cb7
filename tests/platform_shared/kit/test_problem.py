"""Whatever goes wrong is answered as a problem document (RFC 9457), and tells nothing inside."""

import json
from typing import Any

import pytest
from django.core.exceptions import (
    PermissionDenied,
    RequestDataTooBig,
    SuspiciousFileOperation,
)
from django.db import OperationalError, connection
from django.http import Http404, HttpResponse
from django.test import Client, RequestFactory
from rest_framework import exceptions as drf
from rest_framework.request import Request

from platform_shared.kit import problem
from platform_shared.kit.access import Role
from platform_shared.kit.errors import FieldError, InvalidInput, NotFound, Unauthenticated
from platform_shared.tenancy import process
from tenant_apps.customers import selectors as customer_selectors
from tests.conftest import LiveDatabase
from tests.support import api
from tests.support.api import Caller
from tests.support.world import ClubWorld

STANDARD = {"type", "title", "status", "code", "detail", "instance", "request_id"}


def send(
    caller: Caller, method: str, path: str, body: bytes = b"", *, type_: str = "application/json"
) -> HttpResponse:
    """Send bytes as they are."""
    headers = {"Host": caller.host}
    if caller.access:
        headers["Authorization"] = f"Bearer {caller.access}"
    response: HttpResponse = Client(raise_request_exception=False).generic(
        method, f"/api/v1/{path}", body, content_type=type_, headers=headers
    )
    return response


def document_of(response: HttpResponse, status: int, code: str) -> dict[str, Any]:
    """Return the problem document, once it is known to be a whole one."""
    assert response.status_code == status, response.content
    assert response["Content-Type"] == "application/problem+json"
    document: dict[str, Any] = json.loads(response.content)
    assert set(document) >= STANDARD
    assert document["type"] == f"urn:qr-checkin:error:{code}"
    assert document["status"] == status
    assert document["code"] == code
    assert document["request_id"] == response["X-Request-Id"]
    return document


class TestMalformedRequests:
    @pytest.mark.parametrize("body", [b"{", b"\xff", b'{"name": NaN}', b"[" * 200_000])
    def test_what_is_no_json_is_400(self, admin_a: Caller, body: bytes) -> None:
        document = document_of(send(admin_a, "POST", "customers", body), 400, "malformed_request")
        assert document["instance"] == "/api/v1/customers"
        assert "JSON" in document["detail"]

    def test_another_type_of_payload_is_415(self, admin_a: Caller) -> None:
        response = send(admin_a, "POST", "customers", b"name=x", type_="text/plain")
        document_of(response, 415, "unsupported_media_type")

    def test_a_payload_beyond_a_megabyte_is_413(self, admin_a: Caller) -> None:
        body = b'{"name": "' + b"x" * 1024 * 1024 + b'"}'
        document_of(send(admin_a, "POST", "customers", body), 413, "payload_too_large")

    @pytest.mark.parametrize("body", [b"[]", b'"text"', b"7", b"null"])
    def test_a_payload_that_is_no_object_is_400_about_the_body(
        self, admin_a: Caller, body: bytes
    ) -> None:
        document = document_of(send(admin_a, "POST", "customers", body), 400, "invalid_input")
        assert [e["field"] for e in document["errors"]] in (["body"], ["name"])


class TestRoutes:
    @pytest.mark.parametrize("path", ["nowhere", "customers/", "customers/not-an-id", "%00"])
    def test_that_do_not_exist_are_404(self, admin_a: Caller, path: str) -> None:
        document_of(admin_a.get(path), 404, "not_found")

    @pytest.mark.parametrize("path", ["/", "/admin/", "/api/v2/me"])
    def test_outside_the_api_are_404(self, admin_a: Caller, path: str) -> None:
        document_of(admin_a.get(path), 404, "not_found")

    @pytest.mark.parametrize("method", ["DELETE", "PUT", "PATCH", "OPTIONS", "TRACE", "BREW"])
    def test_that_do_not_serve_the_method_are_405_and_say_which(
        self, admin_a: Caller, method: str
    ) -> None:
        response = send(admin_a, method, "customers")
        document_of(response, 405, "method_not_allowed")
        assert response["Allow"] == "GET, POST, HEAD"

    @pytest.mark.parametrize("method", ["GET", "HEAD", "DELETE", "OPTIONS"])
    def test_that_are_public_are_no_different(self, club_a: ClubWorld, method: str) -> None:
        response = send(Caller(club_a.host), method, "auth/token")
        assert response.status_code == 405
        assert response["Allow"] == "POST"


class TestUnauthenticated:
    @pytest.mark.parametrize(
        "header", [{}, {"Authorization": "Basic abc"}, {"Authorization": "Bearer"}]
    )
    def test_calls_are_401_and_say_how(self, club_a: ClubWorld, header: dict[str, str]) -> None:
        response = Caller(club_a.host).get("customers", **header)
        document_of(response, 401, "not_authenticated")
        assert response["WWW-Authenticate"] == "Bearer"

    def test_calls_are_told_in_words_what_is_wrong_with_the_header(self, club_a: ClubWorld) -> None:
        response = Caller(club_a.host).get("customers", Authorization="Bearer a b")
        document = document_of(response, 401, "not_authenticated")
        assert "ErrorDetail" not in document["detail"]

    @pytest.mark.parametrize("token", ["x", "a.b.c", "é.é.é", "\x01"])
    def test_tokens_are_401_too(self, club_a: ClubWorld, token: str) -> None:
        response = Caller(club_a.host).get("customers", Authorization=f"Bearer {token}")
        document_of(response, 401, "invalid_token")
        assert response["WWW-Authenticate"] == "Bearer"


class TestInvalidPayloads:
    def fields(self, response: HttpResponse) -> dict[str, str]:
        """Return the codes by field."""
        errors = document_of(response, 400, "invalid_input")["errors"]
        assert all(set(error) == {"field", "code", "detail"} for error in errors)
        return {error["field"]: error["code"] for error in errors}

    def test_are_told_every_field_by_its_path(self, admin_a: Caller) -> None:
        response = admin_a.post(
            "packages",
            {
                "type": "weekly",
                "price": {"amount": -1, "currency": "EURO"},
                "duration": {"unit": "day", "count": 0},
                "features": ["sauna", ""],
                "access_rules": [{"weekdays": [1], "from": "08:00"}, {"weekdays": [1, 9]}],
            },
        )
        assert self.fields(response) == {
            "name": "required",
            "type": "invalid_choice",
            "price.amount": "min_value",
            "price.currency": "max_length",
            "duration.count": "min_value",
            "features.1": "blank",
            "access_rules.1.weekdays.1": "max_value",
            "access_rules.1.from": "required",
        }

    def test_are_told_what_does_not_fit_together_under_the_object(self, admin_a: Caller) -> None:
        rule = {"weekdays": [1], "from": "10:00", "until": "09:00"}
        response = admin_a.post(
            "packages",
            {
                "name": "x",
                "type": "period",
                "price": {"amount": 1, "currency": "EUR"},
                "duration": {"unit": "day", "count": 1},
                "access_rules": [rule],
            },
        )
        assert self.fields(response) == {"access_rules.0.until": "invalid"}

    @pytest.mark.parametrize(
        ("body", "field"),
        [
            (rb'{"name": "\ud800"}', "name"),
            (rb'{"name": "x", "\ud800": 1}', "?"),
            (rb'{"name": "x", "\ud800": {"\udfff": 1}}', "?"),
        ],
    )
    def test_are_answered_even_where_the_input_cannot_be_written_back(
        self, admin_a: Caller, body: bytes, field: str
    ) -> None:
        assert set(self.fields(send(admin_a, "POST", "customers", body))) == {field}

    def test_quote_what_cannot_be_written_back_without_breaking(
        self, admin_a: Caller, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        body = rb'{"name":"x","type":"\ud800","price":{"amount":1,"currency":"EUR"}}'
        assert self.fields(send(admin_a, "POST", "packages", body)) == {"type": "invalid_choice"}
        monkeypatch.setattr(problem, "_printable", lambda text: text)
        assert send(admin_a, "POST", "packages", body).status_code == 500


class TestExceptionHandler:
    def handled(self, error: Exception) -> Any:
        request = Request(RequestFactory().get("/api/v1/x"))
        return problem.exception_handler(error, {"request": request, "view": None})

    @pytest.mark.parametrize(
        ("error", "status", "code"),
        [
            (NotFound("Gone."), 404, "not_found"),
            (Unauthenticated(), 401, "not_authenticated"),
            (drf.NotAuthenticated(), 401, "not_authenticated"),
            (drf.PermissionDenied(), 403, "forbidden"),
            (Http404(), 404, "not_found"),
            (RequestDataTooBig(), 413, "payload_too_large"),
            (SuspiciousFileOperation(), 400, "malformed_request"),
            (drf.APIException("teapot"), 500, "internal_error"),
        ],
    )
    def test_knows_every_kind_of_error(self, error: Exception, status: int, code: str) -> None:
        reply = self.handled(error)
        assert reply.status_code == reply.data["status"] == status
        assert reply.data["code"] == code
        assert ("WWW-Authenticate" in reply.headers) == (status == 401)

    def test_says_when_to_come_back(self) -> None:
        reply = self.handled(drf.Throttled(wait=6.2))
        assert reply.data["code"] == "too_many_requests"
        assert reply.headers["Retry-After"] == "7"

    def test_has_a_code_for_a_status_it_does_not_know(self) -> None:
        class Teapot(drf.APIException):
            status_code = 418

        assert self.handled(Teapot()).data["code"] == "malformed_request"

    def test_leaves_what_is_nobodys_error_to_django(self) -> None:
        assert self.handled(ValueError("secret")) is None

    def test_adds_what_else_the_error_says(self) -> None:
        reply = self.handled(NotFound("Gone.", customer="42"))
        assert reply.data["customer"] == "42"
        reply = self.handled(InvalidInput(FieldError("a.b", "odd", "Is odd.")))
        assert reply.data["errors"] == [{"field": "a.b", "code": "odd", "detail": "Is odd."}]

    def test_takes_an_error_of_no_field_for_one_of_the_object(self) -> None:
        detail = {"non_field_errors": ["Odd."], "inner": {"non_field_errors": ["Even."]}}
        errors = self.handled(drf.ValidationError(detail)).data["errors"]
        assert [e["field"] for e in errors] == ["body", "inner"]


class TestResponse:
    def test_is_the_same_document_outside_a_view(self) -> None:
        request = RequestFactory().get("/somewhere")
        reply = problem.response(request, Unauthenticated("Who?"))
        document = json.loads(reply.content)
        assert set(document) == STANDARD
        assert document["instance"] == "/somewhere"
        assert document["detail"] == "Who?"
        assert reply["WWW-Authenticate"] == "Bearer"
        assert "WWW-Authenticate" not in problem.response(request, NotFound())


class TestServerError:
    def test_tells_nothing_of_the_inside(
        self, admin_a: Caller, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        def fail(*args: object) -> None:
            raise RuntimeError("the secret inside")

        monkeypatch.setattr(customer_selectors, "get_customer", fail)
        response = admin_a.get("customers/01a2079d-3c13-760d-ba5e-59cfcc4e96b9")
        document_of(response, 500, "internal_error")
        assert b"secret" not in response.content
        assert b"Traceback" not in response.content
        assert any("the secret inside" in str(record.exc_info) for record in caplog.records)


class TestUnavailable:
    """What the database cannot do just now may be asked for again."""

    PATH = "customers/01a2079d-3c13-760d-ba5e-59cfcc4e96b9"

    @pytest.fixture
    def admin(self, live_database: LiveDatabase, world: Any) -> Caller:
        return api.as_role(world.a, Role.CLUB_ADMIN)

    def querying(self, statement: str, monkeypatch: pytest.MonkeyPatch) -> None:
        """Have the view run a statement and find nothing."""

        def run(*args: object) -> None:
            with connection.cursor() as cursor:
                cursor.execute(statement)
            raise NotFound

        monkeypatch.setattr(customer_selectors, "get_customer", run)

    def test_is_what_took_too_long(
        self, admin: Caller, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        self.querying("SELECT pg_sleep(0.5)", monkeypatch)
        monkeypatch.setattr(process, "limits", {"statement_timeout": "100ms"})
        response = admin.get(self.PATH)
        document_of(response, 503, "temporarily_unavailable")
        assert response["Retry-After"] == "5"
        assert b"statement" not in response.content
        (logged,) = [record for record in caplog.records if record.levelname == "ERROR"]
        assert "statement timeout" in str(logged.exc_info)

    def test_is_not_what_may_take_its_time(
        self, admin: Caller, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self.querying("SELECT pg_sleep(0.5)", monkeypatch)
        document_of(admin.get(self.PATH), 404, "not_found")

    def test_is_not_what_the_database_will_never_do(
        self, admin: Caller, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self.querying("SELECT 1/0", monkeypatch)
        response = admin.get(self.PATH)
        document_of(response, 500, "internal_error")
        assert "Retry-After" not in response

    def test_is_told_outside_of_views_too(
        self, admin_a: Caller, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(*args: object) -> None:
            raise OperationalError("no connection")

        monkeypatch.setattr("platform_shared.tenancy.hosts.find", fail)
        response = admin_a.get("me")
        document_of(response, 503, "temporarily_unavailable")
        assert response["Retry-After"] == "5"


class TestHandlers:
    """What answers for errors outside of views."""

    @pytest.mark.usefixtures("undocumented")
    def test_a_suspicious_request_is_400(
        self, admin_a: Caller, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def suspect(*args: object, **kwargs: object) -> None:
            raise SuspiciousFileOperation

        monkeypatch.setattr("platform_shared.tenancy.hosts.is_platform", suspect)
        response = admin_a.get("me")
        document_of(response, 400, "malformed_request")

    def test_a_forbidden_one_is_403(self, admin_a: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
        def forbid(*args: object, **kwargs: object) -> None:
            raise PermissionDenied

        monkeypatch.setattr(customer_selectors, "get_customer", forbid)
        response = admin_a.get("customers/01a2079d-3c13-760d-ba5e-59cfcc4e96b9")
        document_of(response, 403, "forbidden")
