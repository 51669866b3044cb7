"""What breaks who relies on a document is told from what does not, and each way round."""

import copy
from collections.abc import Callable
from typing import Any

import pytest
import yaml

from platform_shared.documents import changes
from platform_shared.documents.changes import Change, compare
from platform_shared.documents.generated import DOCS

BODY = {"type": "object", "properties": {}, "required": []}
OLD: dict[str, Any] = {
    "paths": {
        "/things": {
            "get": {
                "operationId": "listThings",
                "x-permission": "things.view",
                "security": [{"token": []}],
                "parameters": [
                    {"name": "size", "in": "query", "schema": {"type": "integer", "maximum": 200}}
                ],
                "responses": {"200": {"headers": {"ETag": {}}}},
            },
            "post": {
                "operationId": "createThing",
                "x-permission": "things.manage",
                "security": [{"token": []}],
                "requestBody": {
                    "required": True,
                    "content": {
                        "application/json": {"schema": {"$ref": "#/components/schemas/New"}}
                    },
                },
                "responses": {
                    "201": {
                        "content": {
                            "application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}
                        }
                    },
                    "409": {"x-error-codes": ["name_taken"]},
                },
            },
        }
    },
    "components": {
        "schemas": {
            "New": {
                "type": "object",
                "additionalProperties": False,
                "required": ["name"],
                "properties": {
                    "name": {"type": "string", "minLength": 1, "maxLength": 10, "default": "x"},
                    "kind": {"$ref": "#/components/schemas/Kind"},
                    "at": {"type": ["string", "null"], "format": "date-time", "pattern": "^2"},
                    "tags": {"type": "array", "maxItems": 3, "items": {"type": "string"}},
                    "of": {"oneOf": [{"$ref": "#/components/schemas/A"}, {"type": "object"}]},
                    "n": {"type": "integer"},
                },
            },
            "Thing": {
                "type": "object",
                "required": ["id", "name"],
                "properties": {
                    "id": {"type": "string", "format": "uuid"},
                    "name": {"type": "string"},
                    "kind": {
                        "oneOf": [{"$ref": "#/components/schemas/Kind"}, {"type": "null"}],
                    },
                    "parent": {"$ref": "#/components/schemas/Thing"},
                    "n": {"type": "integer"},
                    "of": {"anyOf": [{"$ref": "#/components/schemas/A"}, {"type": "object"}]},
                    "more": {"type": "object", "additionalProperties": {"type": "string"}},
                },
            },
            "A": {"type": "object", "properties": {"a": {"type": "string"}}},
            "Kind": {"type": "string", "enum": ["one", "two"]},
        }
    },
}
Edit = Callable[[dict[str, Any]], Any]


def post(document: dict[str, Any]) -> Any:
    return document["paths"]["/things"]["post"]


def get(document: dict[str, Any]) -> Any:
    return document["paths"]["/things"]["get"]


def new(document: dict[str, Any]) -> Any:
    return document["components"]["schemas"]["New"]


def thing(document: dict[str, Any]) -> Any:
    return document["components"]["schemas"]["Thing"]


def field(name: str, **changes: Any) -> Edit:
    return lambda d: new(d)["properties"].setdefault(name, {}).update(changes)


def shown(name: str, **changes: Any) -> Edit:
    return lambda d: thing(d)["properties"].setdefault(name, {}).update(changes)


# An edit, what it is called, whether it breaks, and the same of taking it back.
RULES: dict[str, tuple[Edit, tuple[str, bool], tuple[str, bool]]] = {
    "operation": (
        lambda d: d["paths"]["/things"].pop("get"),
        ("listThings: removed", True),
        ("listThings: added", False),
    ),
    "path": (
        lambda d: d["paths"].update({"/new": {"get": {"operationId": "n", "responses": {}}}}),
        ("n: added", False),
        ("n: removed", True),
    ),
    "operation id": (
        lambda d: get(d).update(operationId="things"),
        ("listThings: is now called things", True),
        ("things: is now called listThings", True),
    ),
    "open": (
        lambda d: get(d).pop("security"),
        ("listThings: needs no account", False),
        ("listThings: needs an account", True),
    ),
    "another way in": (
        lambda d: get(d)["security"].append({"key": []}),
        ("listThings: key opens it", False),
        ("listThings: key opens it no more", True),
    ),
    "permission": (
        lambda d: get(d).update({"x-permission": "things.manage"}),
        ("listThings: needs things.manage", True),
        ("listThings: needs things.view", True),
    ),
    "optional parameter": (
        lambda d: get(d)["parameters"].append({"name": "q", "in": "query"}),
        ("listThings query.q: added", False),
        ("listThings query.q: removed", True),
    ),
    "required parameter": (
        lambda d: get(d)["parameters"].append({"name": "q", "in": "query", "required": True}),
        ("listThings query.q: added", True),
        ("listThings query.q: removed", True),
    ),
    "parameter becomes required": (
        lambda d: get(d)["parameters"][0].update(required=True),
        ("listThings query.size: required", True),
        ("listThings query.size: optional", False),
    ),
    "limit of a parameter": (
        lambda d: get(d)["parameters"][0]["schema"].update(maximum=100),
        ("listThings query.size: maximum 100", True),
        ("listThings query.size: maximum 200", False),
    ),
    "body": (
        lambda d: post(d).pop("requestBody"),
        ("createThing request: removed", True),
        ("createThing request: added", True),
    ),
    "body becomes optional": (
        lambda d: post(d)["requestBody"].update(required=False),
        ("createThing request: optional", False),
        ("createThing request: required", True),
    ),
    "kind of body": (
        lambda d: post(d)["requestBody"]["content"].update({"text/csv": {}}),
        ("createThing request text/csv: added", False),
        ("createThing request text/csv: removed", True),
    ),
    "optional field": (
        field("note", type="string"),
        ("createThing request.note: added", False),
        ("createThing request.note: removed", True),
    ),
    "field becomes required": (
        lambda d: new(d)["required"].append("kind"),
        ("createThing request.kind: required", True),
        ("createThing request.kind: optional", False),
    ),
    "type of a field": (
        field("n", type="string"),
        ("createThing request.n: type integer removed", True),
        ("createThing request.n: type string removed", True),
    ),
    "wider type of a field": (
        field("n", type="number"),
        ("createThing request.n: type number added", False),
        ("createThing request.n: type number removed", True),
    ),
    "null of a field": (
        field("n", type=["integer", "null"]),
        ("createThing request.n: type null added", False),
        ("createThing request.n: type null removed", True),
    ),
    "upper limit of a field": (
        field("name", maxLength=5),
        ("createThing request.name: maxLength 5", True),
        ("createThing request.name: maxLength 10", False),
    ),
    "lower limit of a field": (
        field("name", minLength=2),
        ("createThing request.name: minLength 2", True),
        ("createThing request.name: minLength 1", False),
    ),
    "limit where there was none": (
        field("n", maximum=7),
        ("createThing request.n: maximum 7", True),
        ("createThing request.n: maximum None", False),
    ),
    "format of a field": (
        lambda d: new(d)["properties"]["at"].pop("format"),
        ("createThing request.at: format None", False),
        ("createThing request.at: format date-time", True),
    ),
    "pattern of a field": (
        field("at", pattern="^3"),
        ("createThing request.at: pattern ^3", True),
        ("createThing request.at: pattern ^2", True),
    ),
    "default of a field": (
        field("name", default="y"),
        ("createThing request.name: default 'y'", True),
        ("createThing request.name: default 'x'", True),
    ),
    "items of a field": (
        lambda d: new(d)["properties"]["tags"]["items"].update(maxLength=3),
        ("createThing request.tags[]: maxLength 3", True),
        ("createThing request.tags[]: maxLength None", False),
    ),
    "number of items": (
        field("tags", maxItems=2),
        ("createThing request.tags: maxItems 2", True),
        ("createThing request.tags: maxItems 3", False),
    ),
    "alternatives of a field": (
        lambda d: new(d)["properties"]["of"]["oneOf"].append({"type": "array"}),
        ("createThing request.of: more alternatives", False),
        ("createThing request.of: fewer alternatives", True),
    ),
    "more properties in a request": (
        lambda d: new(d).update(additionalProperties=True),
        ("createThing request: more properties", False),
        ("createThing request: no more properties", True),
    ),
    "success": (
        lambda d: post(d)["responses"].update({"202": {}}),
        ("createThing 202: added", True),
        ("createThing 202: removed", True),
    ),
    "error": (
        lambda d: post(d)["responses"].update({"422": {}}),
        ("createThing 422: added", False),
        ("createThing 422: removed", False),
    ),
    "error code": (
        lambda d: post(d)["responses"]["409"]["x-error-codes"].append("odd"),
        ("createThing 409 odd: added", False),
        ("createThing 409 odd: removed", False),
    ),
    "header": (
        lambda d: get(d)["responses"]["200"]["headers"].pop("ETag"),
        ("listThings 200 header ETag: removed", True),
        ("listThings 200 header ETag: added", False),
    ),
    "kind of answer": (
        lambda d: post(d)["responses"]["201"]["content"].update({"text/csv": {}}),
        ("createThing 201 text/csv: added", False),
        ("createThing 201 text/csv: removed", True),
    ),
    "shown": (
        shown("note", type="string"),
        ("createThing 201.note: added", False),
        ("createThing 201.note: removed", True),
    ),
    "no more sure to be shown": (
        lambda d: thing(d)["required"].remove("name"),
        ("createThing 201.name: optional", True),
        ("createThing 201.name: required", False),
    ),
    "null shown": (
        shown("name", type=["string", "null"]),
        ("createThing 201.name: type null added", True),
        ("createThing 201.name: type null removed", False),
    ),
    "narrower number shown": (
        shown("n", type="number"),
        ("createThing 201.n: type number added", True),
        ("createThing 201.n: type number removed", False),
    ),
    "format shown": (
        lambda d: thing(d)["properties"]["id"].pop("format"),
        ("createThing 201.id: format None", True),
        ("createThing 201.id: format uuid", False),
    ),
    "alternatives shown": (
        lambda d: thing(d)["properties"]["of"]["anyOf"].pop(),
        ("createThing 201.of: fewer alternatives", False),
        ("createThing 201.of: more alternatives", True),
    ),
    "what else is shown": (
        lambda d: thing(d)["properties"]["more"]["additionalProperties"].update(type="integer"),
        ("createThing 201.more.*: type integer added", True),
        ("createThing 201.more.*: type string added", True),
    ),
    "values become free": (
        lambda d: d["components"]["schemas"]["Kind"].pop("enum"),
        ("createThing request.kind: any value", False),
        ("createThing request.kind: one of a few value", True),
    ),
}


class TestCompare:
    def test_finds_nothing_where_nothing_changed(self) -> None:
        assert compare(OLD, copy.deepcopy(OLD)) == []

    @pytest.mark.parametrize("rule", RULES)
    def test_knows_what_breaks(self, rule: str) -> None:
        edit, expected, taken_back = RULES[rule]
        edited = copy.deepcopy(OLD)
        edit(edited)
        assert Change(*expected) in compare(OLD, edited)
        assert Change(*taken_back) in compare(edited, OLD)

    def test_takes_a_new_value_for_breaking_only_where_it_is_read(self) -> None:
        edited = copy.deepcopy(OLD)
        edited["components"]["schemas"]["Kind"]["enum"].append("three")
        assert compare(OLD, edited) == [
            Change("createThing 201.kind: value three added", True),
            Change("createThing request.kind: value three added", False),
        ]
        assert compare(edited, OLD) == [
            Change("createThing 201.kind: value three removed", False),
            Change("createThing request.kind: value three removed", True),
        ]

    def test_tells_of_a_deprecation(self) -> None:
        edited = copy.deepcopy(OLD)
        get(edited)["deprecated"] = True
        assert compare(OLD, edited) == [Change("listThings: deprecated", False)]

    def test_does_not_mind_words_and_how_a_schema_is_cut(self) -> None:
        edited = copy.deepcopy(OLD)
        get(edited)["description"] = "Other words."
        new(edited)["properties"]["kind"] = {"type": "string", "enum": ["two", "one"]}
        assert compare(OLD, edited) == []

    def test_ends_with_schemas_that_hold_themselves(self, monkeypatch: pytest.MonkeyPatch) -> None:
        edited = copy.deepcopy(OLD)
        thing(edited)["properties"]["name"]["type"] = "integer"
        assert Change("createThing 201.name: type integer added", True) in compare(OLD, edited)

        class Forgetful(set[Any]):
            def add(self, value: Any) -> None:
                pass

        comparison = changes._Comparison(OLD, edited)
        comparison._inside = Forgetful()
        with pytest.raises(RecursionError):
            list(comparison.changes())

    @pytest.mark.parametrize("host", ["club", "platform"])
    def test_reads_the_real_documents(self, host: str) -> None:
        document = yaml.safe_load((DOCS / "openapi" / f"{host}.yaml").read_text())
        assert compare(document, copy.deepcopy(document)) == []
        found = compare(document, {**document, "paths": {}})
        assert len(found) == sum(len(item) for item in document["paths"].values())
        assert all(change.breaking for change in found)
