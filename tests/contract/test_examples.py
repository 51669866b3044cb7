"""The examples in the documents are what the API is asked and answers now."""

import copy
import json
from typing import Any

import pytest
from jsonschema import FormatChecker
from openapi_schema_validator import OAS31Validator

from platform_shared.documents import hooks
from platform_shared.documents.management.commands.export_openapi import HOSTS
from tests.contract import examples
from tests.permissions.scene import Scene
from tests.support import contract


@pytest.fixture(params=HOSTS)
def recorded(
    request: pytest.FixtureRequest, club_scene: Scene, platform_scene: Scene
) -> tuple[str, dict[str, Any]]:
    """A kind of host, and its examples as they are recorded now."""
    host = request.param
    found = examples.collected(host, club_scene if host == "club" else platform_scene)
    if request.config.getoption("--update-examples", default=False):
        hooks.EXAMPLES.mkdir(exist_ok=True)
        text = json.dumps(found, indent=1, ensure_ascii=False)
        (hooks.EXAMPLES / f"{host}.json").write_text(f"{text}\n")
        hooks.examples.cache_clear()
    return host, found


def violations(host: str, found: dict[str, Any]) -> list[str]:
    """Return what of the examples is not as the schemas say."""
    document = contract.documents()[HOSTS[host]]
    wrong = []
    for _, told in examples.operations(host):
        entry = found.get(told["operationId"], {})
        places = [("request", told.get("requestBody", {}), entry.get("request"))]
        for status, answers in entry.get("responses", {}).items():
            places += [
                (f"{status} {name}", told["responses"].get(status, {}), value)
                for name, value in answers.items()
            ]
        for where, place, value in places:
            for kind, content in place.get("content", {}).items():
                if value is None or not kind.endswith("json"):
                    continue
                schema = {**content["schema"], "components": document["components"]}
                checker = OAS31Validator(schema, format_checker=FormatChecker())
                wrong += [
                    f"{told['operationId']} {where}: {error.message}"
                    for error in checker.iter_errors(value)
                ]
    return wrong


class TestExamples:
    def test_are_what_the_api_answers(self, recorded: tuple[str, dict[str, Any]]) -> None:
        host, found = recorded
        stored = hooks.examples(host)
        for operation, entry in found.items():
            assert entry == stored.get(operation), f"{operation}: record again by `make docs`"
        assert set(stored) == set(found)

    def test_are_answers_of_the_kind_that_they_stand_for(
        self, recorded: tuple[str, dict[str, Any]]
    ) -> None:
        host, found = recorded
        for _, told in examples.operations(host):
            name = told["operationId"]
            answers = found.get(name, {}).get("responses", {})
            shown = {s for s, by_name in answers.items() if "recorded" in by_name}
            assert all(status < "300" for status in shown), name
            codes = {code for code, *_ in examples.ERRORS.get(name, ())}
            given = {v["code"] for s, by in answers.items() if s >= "400" for v in by.values()}
            assert given == codes, name

    def test_are_as_their_schemas_say(self, recorded: tuple[str, dict[str, Any]]) -> None:
        host, found = recorded
        assert violations(host, found) == []

    def test_would_be_found_when_they_are_not(self, club_scene: Scene) -> None:
        found = copy.deepcopy(hooks.examples("club"))
        found["createLocation"]["responses"]["201"]["recorded"].pop("name")
        found["createCustomer"]["request"]["name"] = 7
        assert {line.split(":")[0] for line in violations("club", found)} == {
            "createLocation 201 recorded",
            "createCustomer request",
        }

    def test_stand_in_the_documents(self) -> None:
        for host in HOSTS:
            for _, told in examples.operations(host):
                for kind, content in told.get("requestBody", {}).get("content", {}).items():
                    if kind != "multipart/form-data":
                        assert content["examples"], told["operationId"]
                for status, answer in told["responses"].items():
                    content = answer.get("content", {}).get("application/json")
                    if content and status < "300" and (told["operationId"], status) not in OTHER:
                        assert content["examples"], told["operationId"]

    def test_tell_nothing_that_differs_by_itself(self) -> None:
        text = json.dumps({host: hooks.examples(host) for host in HOSTS})
        assert not [t for t in examples._TOKEN.findall(text) if "c2lnbmF0dXJl" not in t]


# Answers that the one example of the operation does not show.
OTHER = {("recordScan", "200")}
