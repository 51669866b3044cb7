"""The documents can be read: every operation, parameter and chapter says what it is."""

from typing import Any

import pytest

from platform_shared.documents import hooks, words
from platform_shared.documents.management.commands.export_openapi import HOSTS, document
from tests.support import contract

ALL = [
    (operation["operationId"], operation)
    for urlconf in HOSTS.values()
    for item in contract.documents()[urlconf]["paths"].values()
    for operation in item.values()
]


@pytest.fixture(params=HOSTS)
def host(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def told(host: str) -> dict[str, Any]:
    return contract.documents()[HOSTS[host]]


class TestDescribe:
    def test_introduces_the_document(self, host: str) -> None:
        said = told(host)["info"]["description"]
        assert said.startswith(words.WHAT[host])
        assert "application/problem+json" in said
        assert "{" not in said.replace('{"amount": 4900, "currency": "EUR"}', "")

    def test_has_its_chapters_in_the_order_of_the_story(self, host: str) -> None:
        chapters = [tag["name"] for tag in told(host)["tags"]]
        assert chapters == [name for name in words.TAGS if name in chapters]
        used = {
            t for item in told(host)["paths"].values() for o in item.values() for t in o["tags"]
        }
        assert set(chapters) == used
        assert all(tag["description"] for tag in told(host)["tags"])

    def test_knows_no_chapter_and_no_parameter_that_is_nowhere(self) -> None:
        names = {p["name"] for _, o in ALL for p in o.get("parameters", ())}
        assert set(words.PARAMETERS) <= names
        assert set(words.TAGS) == {tag for _, o in ALL for tag in o["tags"]}

    def test_says_where_the_api_is(self, host: str) -> None:
        here, elsewhere = told(host)["servers"]
        assert here["url"] == "/"
        assert elsewhere["url"].endswith(".{domain}")
        filled = elsewhere["url"].format(
            **{n: v["default"] for n, v in elsewhere["variables"].items()}
        )
        expected = {"club": "https://demo.localhost", "platform": "https://platform.localhost"}
        assert filled == expected[host]

    @pytest.mark.parametrize("operation", [o for _, o in ALL], ids=[name for name, _ in ALL])
    def test_leaves_nothing_without_a_word(self, operation: dict[str, Any]) -> None:
        assert operation["summary"][0].isupper()
        assert operation["description"].strip()
        for parameter in operation.get("parameters", ()):
            assert parameter.get("description"), parameter["name"]
        assert all(answer["description"] for answer in operation["responses"].values())

    def test_would_leave_some_without(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(words, "PARAMETERS", {})
        found = document(HOSTS["club"])["paths"]["/api/v1/customers/{customer_id}"]["get"]
        assert "description" not in found["parameters"][0]


class TestSummary:
    @pytest.mark.parametrize(
        ("operation_id", "said"),
        [("listQrCodes", "List QR codes"), ("getMe", "Get me"), ("signIn", "Sign in")],
    )
    def test_says_the_id_in_words(self, operation_id: str, said: str) -> None:
        assert dict(ALL)[operation_id]["summary"] == said


class TestAddExamples:
    def test_shows_what_was_recorded(self) -> None:
        recorded = hooks.examples("club")["createLocation"]
        shown = dict(ALL)["createLocation"]
        body = shown["requestBody"]["content"]["application/json"]
        assert body["examples"] == {"recorded": {"value": recorded["request"]}}
        refused = shown["responses"]["409"]["content"]["application/problem+json"]
        assert set(refused["examples"]) == {"location_name_taken"}
