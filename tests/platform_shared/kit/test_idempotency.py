"""The header, the request's fingerprint, and the answer's form."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.http import HttpResponse, StreamingHttpResponse
from rest_framework.parsers import MultiPartParser
from rest_framework.test import APIRequestFactory, force_authenticate

from platform_shared.kit import idempotency
from platform_shared.kit.access import Open, Permission, Role
from platform_shared.kit.idempotency import HEADER, REPLAYED, Answer
from platform_shared.kit.principal import Principal
from platform_shared.kit.views import ApiView, Request, Response
from tenant_apps.customers.api.parsers import CsvParser
from tests.support.api import Caller

ADMIN = Principal(uuid4(), "admin@alpha.test", "", Role.CLUB_ADMIN, None, uuid4())


class Doing(ApiView):
    access = {"POST": Permission.OWN_CHANGE, "GET": Permission.OWN_VIEW}
    permission_classes = ()

    def post(self, request: Request) -> HttpResponse:
        return Response({"said": request.data}, status=201, headers={"Location": "/there"})


class Streaming(Doing):
    def post(self, request: Request) -> HttpResponse:
        return StreamingHttpResponse([b"a", b"b"])


class Ignoring(Doing):
    honours_idempotency_key = False


class Public(Doing):
    access = {"POST": Open.PUBLIC}


def ask(view: type[ApiView], key: str | None = "k", **headers: str) -> Any:
    sent = headers if key is None else {HEADER: key, **headers}
    request = APIRequestFactory().post("/do", {"a": 1}, format="json", headers=sent)
    force_authenticate(request, ADMIN)
    return view.as_view()(request).render()


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What a keeper is asked, who has never seen a key before."""
    calls: list[dict[str, Any]] = []

    def keep(**said: Any) -> Answer | None:
        calls.append({**said, "answer": said["carry_out"]()})
        return None

    monkeypatch.setattr(idempotency, "_keepers", [keep])
    return calls


class TestKey:
    @pytest.mark.parametrize("key", ["a", "!", "~", '"quoted"', "x" * 255, "a,b;c=d"])
    def test_is_visible_ascii_as_it_stands(self, asked: list[dict[str, Any]], key: str) -> None:
        assert ask(Doing, key).status_code == 201
        assert [call["key"] for call in asked] == [key]

    @pytest.mark.parametrize("key", ["", " ", "a b", "x" * 256, "é", "a\tb", "\x7f", "a\n"])
    def test_is_refused_by_name_otherwise(self, admin_a: Caller, key: str) -> None:
        answer = admin_a.post("locations", {"name": "Gate"}, **{HEADER: key})
        assert answer.status_code == 400
        assert [(e["field"], e["code"]) for e in answer.json()["errors"]] == [(HEADER, "invalid")]
        assert admin_a.post("locations", {"name": "Gate"}).status_code == 201

    def test_is_looked_at_only_when_it_is_known_who_may_call(
        self, admin_a: Caller, staff_a: Caller
    ) -> None:
        assert staff_a.post("locations", {"name": "Gate"}, **{HEADER: " "}).status_code == 403
        nobody = Caller(admin_a.host)
        assert nobody.post("locations", {"name": "Gate"}, **{HEADER: " "}).status_code == 401

    def test_of_a_safe_call_is_not_looked_at(self, admin_a: Caller) -> None:
        answer = admin_a.get("locations", **{HEADER: " "})
        assert answer.status_code == 200
        assert REPLAYED not in answer.headers

    @pytest.mark.parametrize("view", [Ignoring, Public])
    def test_is_not_looked_at_where_the_view_does_not(
        self, asked: list[dict[str, Any]], view: type[ApiView]
    ) -> None:
        assert ask(view, " ").status_code == 201
        assert asked == []

    def test_need_not_be_there(self, asked: list[dict[str, Any]]) -> None:
        assert ask(Doing, None).status_code == 201
        assert asked == []


class TestAnswer:
    def test_is_handed_over_byte_by_byte(self, asked: list[dict[str, Any]]) -> None:
        response = ask(Doing)
        (call,) = asked
        kept = call["answer"]
        assert (kept.status, kept.body) == (201, response.content)
        assert kept.headers == {"Content-Type": "application/json", "Location": "/there"}
        assert call["user_id"] == ADMIN.user_id

    def test_of_an_earlier_call_is_given_as_it_was(self, monkeypatch: pytest.MonkeyPatch) -> None:
        earlier = Answer(409, {"Content-Type": "application/problem+json"}, b'{"a": 1}')
        monkeypatch.setattr(idempotency, "_keepers", [lambda **said: earlier])
        request = APIRequestFactory().post("/do", {}, format="json", headers={HEADER: "k"})
        force_authenticate(request, ADMIN)
        response = Doing.as_view()(request)
        assert (response.status_code, response.content) == (409, b'{"a": 1}')
        assert response["Content-Type"] == "application/problem+json"
        assert response[REPLAYED] == "true"

    def test_without_a_body_has_no_type(self) -> None:
        assert "Content-Type" not in idempotency._again(Answer(204, {}, b""))

    def test_in_parts_is_refused(self, asked: list[dict[str, Any]]) -> None:
        with pytest.raises(TypeError, match="in parts"):
            ask(Streaming)


def fingerprint(
    method: str = "post", path: str = "/do?page=1", body: bytes = b'{"a": 1}', **headers: str
) -> bytes:
    make = getattr(APIRequestFactory(), method)
    sent = make(path, body, content_type="application/json", headers=headers)
    return idempotency.fingerprint_of(Doing().initialize_request(sent))


class Uploading(Doing):
    parser_classes = (MultiPartParser, CsvParser)


def upload(boundary: str = "one", content: bytes = b"name\nIda\n", dry_run: str = "true") -> bytes:
    body = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="dry_run"\r\n\r\n{dry_run}\r\n'
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n'
        f"Content-Type: text/csv\r\n\r\n{content.decode()}\r\n--{boundary}--\r\n"
    )
    request = APIRequestFactory().generic(
        "POST", "/do", body.encode(), content_type=f"multipart/form-data; boundary={boundary}"
    )
    return idempotency.fingerprint_of(Uploading().initialize_request(request))


class TestFingerprint:
    def test_is_the_same_for_the_same_request(self) -> None:
        assert fingerprint() == fingerprint()
        assert fingerprint() == fingerprint(**{"If-Match": '"2"', "X-Request-Id": "12345678"})

    @pytest.mark.parametrize(
        "other",
        [
            lambda: fingerprint(method="patch"),
            lambda: fingerprint(path="/did?page=1"),
            lambda: fingerprint(path="/do?page=2"),
            lambda: fingerprint(path="/do", body=b'?page=1{"a": 1}'),
            lambda: fingerprint(body=b'{"a": 2}'),
            lambda: fingerprint(body=b""),
        ],
    )
    def test_is_another_for_another_request(self, other: Callable[[], bytes]) -> None:
        assert other() != fingerprint()

    def test_of_a_form_is_that_of_what_is_in_it(self) -> None:
        assert upload() == upload(boundary="two")
        assert upload() != upload(content=b"name\nIdo\n")
        assert upload() != upload(dry_run="false")

    def test_of_a_file_leaves_it_to_be_read(self) -> None:
        request = APIRequestFactory().generic("POST", "/do", b"name\nIda\n", "text/csv")
        wrapped = Uploading().initialize_request(request)
        assert idempotency.fingerprint_of(wrapped)
        with wrapped.data["file"] as file:
            assert file.read() == b"name\nIda\n"
