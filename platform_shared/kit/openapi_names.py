"""How what the documents describe is called in a generated client.

drf-spectacular names a body after its serializer and its use, ``PatchedChangeCustomerRequest``; a
program that is written against the document reads better with ``ChangeCustomer``.
"""

import re
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

from drf_spectacular.plumbing import list_hash, load_enum_name_overrides

type Schema = dict[str, Any]

REF = "#/components/schemas/"


def readable_names(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Rename components, and let parameters refer to the enums that they share with bodies.

    A postprocessing hook of drf-spectacular, behind the one that makes the enums.

    Raises:
        ValueError: two components would get one name.
    """
    schemas = result["components"]["schemas"]
    _merge_values(schemas)
    names = _new_names(schemas)
    _follow(result, names)
    result["components"]["schemas"] = {names.get(n, n): schema for n, schema in schemas.items()}
    _share_enums(result)
    return result


def _merge_values(schemas: dict[str, Schema]) -> None:
    """Describe once what is given and answered in one form, such as money.

    The two descriptions then differ in what is said of input alone: that it is not empty, and that
    unknown fields are refused. What a client has been answered it can then send back.
    """
    for name in [name for name in schemas if f"{name}Request" in schemas]:
        given = schemas[f"{name}Request"]
        if _bare(given) == _bare(schemas[name]):
            schemas[name] = {k: v for k, v in given.items() if k != "additionalProperties"}
            schemas[f"{name}Request"] = schemas[name]


def _bare(schema: Any) -> Any:
    """Return the schema without what only input is held to."""
    if isinstance(schema, dict):
        # A property may have any name, so these are keywords only where their values say so.
        return {
            key: _bare(value)
            for key, value in schema.items()
            if not (key == "minLength" and isinstance(value, int))
            and not (key == "additionalProperties" and value is False)
        }
    return [_bare(item) for item in schema] if isinstance(schema, list) else schema


def _new_names(schemas: dict[str, Schema]) -> dict[str, str]:
    """Return the name that each component gets whose own does not read well."""
    names: dict[str, str] = {}
    for name in schemas:
        short = re.sub(r"^Paginated(\w+)List$", r"\1Page", name)
        short = re.sub(r"^(?:Patched)?(\w+)Request$", r"\1", short)
        if short in schemas and schemas[short] != schemas[name]:
            short = name.removeprefix("Patched")
        if short != name:
            names[name] = short
    taken: dict[str, Schema] = {}
    for name, schema in schemas.items():
        if taken.setdefault(names.get(name, name), schema) != schema:
            raise ValueError(f"two components would be called {names.get(name, name)}")
    return names


def _follow(node: Any, names: dict[str, str]) -> None:
    """Let every reference below ``node`` follow the new names."""
    for child in _nodes(node):
        reference = child.get("$ref")
        if isinstance(reference, str):
            old = reference.removeprefix(REF)
            child["$ref"] = REF + names[old] if old in names else reference


def _nodes(node: Any) -> Iterator[dict[str, Any]]:
    """Yield every object in the document below ``node``."""
    if isinstance(node, dict):
        yield node
    for child in node.values() if isinstance(node, dict) else node:
        if isinstance(child, dict | list):
            yield from _nodes(child)


def _share_enums(result: dict[str, Any]) -> None:
    """Let a parameter's choices be a component: the one that has them, or one of their own.

    Their own they get where ``ENUM_NAME_OVERRIDES`` has a name for them.
    """
    schemas = result["components"]["schemas"]
    known = {frozenset(s["enum"]): name for name, s in schemas.items() if "enum" in s}
    named = load_enum_name_overrides()  # type: ignore[no-untyped-call]
    for item in result["paths"].values():
        for operation in item.values():
            for parameter in operation.get("parameters", ()):
                # A copy: a view may have declared the schema itself, for both documents.
                schema = parameter["schema"] = deepcopy(parameter["schema"])
                choices = schema["items"] if schema.get("type") == "array" else schema
                values = choices.get("enum", ())
                name = known.get(frozenset(values)) or named.get(
                    list_hash([(v, v) for v in values])
                )
                if values and name is not None:
                    schemas.setdefault(name, {k: choices[k] for k in ("enum", "type")})
                    del choices["enum"], choices["type"]
                    choices["$ref"] = REF + name
    result["components"]["schemas"] = dict(sorted(schemas.items()))
