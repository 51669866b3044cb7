"""Components are called as a program that uses them would call them."""

from typing import Any

import pytest

from platform_shared.kit.openapi_names import REF, readable_names


def document(schemas: dict[str, Any], *parameters: dict[str, Any]) -> dict[str, Any]:
    """Return a document in which every schema is referred to."""
    content = {name: {"schema": {"$ref": REF + name}} for name in schemas}
    operation = {"parameters": list(parameters), "responses": {"200": {"content": content}}}
    return {"paths": {"/things": {"get": operation}}, "components": {"schemas": schemas}}


def referred(result: dict[str, Any]) -> list[str]:
    content = result["paths"]["/things"]["get"]["responses"]["200"]["content"]
    return [media["schema"]["$ref"].removeprefix(REF) for media in content.values()]


def thing(**more: Any) -> dict[str, Any]:
    return {"type": "object", "properties": {"name": {"type": "string", **more}}}


class TestReadableNames:
    @pytest.mark.parametrize(
        ("given", "name"),
        [
            ("PaginatedThingList", "ThingPage"),
            ("NewThingRequest", "NewThing"),
            ("PatchedChangeThingRequest", "ChangeThing"),
            ("Thing", "Thing"),
        ],
    )
    def test_drops_what_only_says_where_a_schema_is_used(self, given: str, name: str) -> None:
        result = readable_names(document({given: thing()}))
        assert list(result["components"]["schemas"]) == [name]
        assert referred(result) == [name]

    def test_follows_references_inside_components(self) -> None:
        rows = {"type": "array", "items": {"$ref": REF + "PaginatedThingList"}}
        result = readable_names(document({"PaginatedThingList": thing(), "All": rows}))
        assert result["components"]["schemas"]["All"]["items"] == {"$ref": REF + "ThingPage"}

    def test_describes_once_what_is_given_and_answered_alike(self) -> None:
        given = {**thing(minLength=1), "additionalProperties": False}
        result = readable_names(document({"Thing": thing(), "ThingRequest": given}))
        assert result["components"]["schemas"] == {"Thing": thing(minLength=1)}
        assert referred(result) == ["Thing", "Thing"]

    def test_keeps_two_names_for_what_differs(self) -> None:
        schemas = {"Thing": thing(), "ThingRequest": thing(maxLength=3)}
        assert referred(readable_names(document(schemas))) == ["Thing", "ThingRequest"]

    def test_takes_a_property_of_a_keywords_name_for_a_property(self) -> None:
        answered = {"type": "object", "properties": {"minLength": {"type": "string"}}}
        given = {"type": "object", "properties": {}}
        result = readable_names(document({"Thing": answered, "ThingRequest": given}))
        assert result["components"]["schemas"]["Thing"] == answered

    def test_refuses_two_components_of_one_name(self) -> None:
        schemas = {"PaginatedThingList": thing(), "ThingPageRequest": thing(maxLength=3)}
        with pytest.raises(ValueError, match="two components would be called ThingPage"):
            readable_names(document(schemas))

    def test_lets_parameters_refer_to_enums_that_are_components(self) -> None:
        kinds = {"type": "string", "enum": ["small", "large"]}
        single = {"name": "kind", "schema": {**kinds, "default": "small"}}
        several = {"name": "kinds", "schema": {"type": "array", "items": dict(kinds)}}
        other = {"name": "size", "schema": {"type": "string", "enum": ["small"]}}
        result = readable_names(document({"Kind": kinds}, single, several, other))
        found = [p["schema"] for p in result["paths"]["/things"]["get"]["parameters"]]
        assert found[0] == {"default": "small", "$ref": REF + "Kind"}
        assert found[1] == {"type": "array", "items": {"$ref": REF + "Kind"}}
        assert found[2] == {"type": "string", "enum": ["small"]}

    def test_gives_choices_that_have_a_name_a_component_of_their_own(self) -> None:
        format_ = {"name": "format", "schema": {"type": "string", "enum": ["png", "svg"]}}
        result = readable_names(document({}, format_))
        (found,) = result["paths"]["/things"]["get"]["parameters"]
        assert found["schema"] == {"$ref": REF + "ImageFormat"}
        assert result["components"]["schemas"]["ImageFormat"]["enum"] == ["png", "svg"]

    def test_leaves_alone_what_a_view_has_declared(self) -> None:
        declared = {"type": "string", "enum": ["png", "svg"]}
        readable_names(document({}, {"name": "format", "schema": declared}))
        assert declared == {"type": "string", "enum": ["png", "svg"]}
