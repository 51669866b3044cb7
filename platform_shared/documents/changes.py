"""What changed between two OpenAPI documents, and what of it breaks who relies on the older one.

A request may ask for less and take more, an answer may say more and promise no less; whatever goes
the other way is breaking. So is a new value of an enum in an answer: clients that are generated
raise on one they don't know. A new problem code is not: it is to be read by its status.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

METHODS = ("get", "put", "post", "delete", "patch")
Direction = Literal["request", "response"]
# Which way a limit is narrowed.
UPPER = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")
LOWER = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")


@dataclass(frozen=True, slots=True, order=True)
class Change:
    """One change; ``name`` is what a line of the changelog has to quote."""

    name: str
    breaking: bool


def compare(old: dict[str, Any], new: dict[str, Any]) -> list[Change]:
    """Return what changed from ``old`` to ``new``, each once, in order of name."""
    return sorted(set(_Comparison(old, new).changes()))


class _Comparison:
    def __init__(self, old: dict[str, Any], new: dict[str, Any]) -> None:
        self.old, self.new = old, new
        self._inside: set[tuple[str, str, str]] = set()

    def changes(self) -> Iterator[Change]:
        before, after = _operations(self.old), _operations(self.new)
        for at in before.keys() - after.keys():
            yield Change(f"{_id(before[at], at)}: removed", True)
        for at in after.keys() - before.keys():
            yield Change(f"{_id(after[at], at)}: added", False)
        for at in before.keys() & after.keys():
            yield from self._operation(_id(before[at], at), before[at], after[at])

    def _operation(self, name: str, old: dict[str, Any], new: dict[str, Any]) -> Iterator[Change]:
        if old.get("operationId") != new.get("operationId"):
            yield Change(f"{name}: is now called {new.get('operationId')}", True)
        if new.get("deprecated") and not old.get("deprecated"):
            yield Change(f"{name}: deprecated", False)
        yield from self._access(name, old, new)
        yield from self._parameters(name, old, new)
        yield from self._body(name, old.get("requestBody"), new.get("requestBody"))
        yield from self._responses(name, old["responses"], new["responses"])

    def _access(self, name: str, old: dict[str, Any], new: dict[str, Any]) -> Iterator[Change]:
        before, after = (
            {frozenset(way) for way in told.get("security", [])} for told in (old, new)
        )
        open_before, open_after = (not ways or frozenset() in ways for ways in (before, after))
        if open_before != open_after:
            yield Change(f"{name}: {'needs no' if open_after else 'needs an'} account", open_before)
        elif not open_before:
            for way in before - after:
                yield Change(f"{name}: {'+'.join(sorted(way))} opens it no more", True)
            for way in after - before:
                yield Change(f"{name}: {'+'.join(sorted(way))} opens it", False)
        if old.get("x-permission") != new.get("x-permission") and open_before == open_after:
            yield Change(f"{name}: needs {new.get('x-permission')}", True)

    def _parameters(self, name: str, old: dict[str, Any], new: dict[str, Any]) -> Iterator[Change]:
        before, after = (
            {(p["in"], p["name"]): p for p in told.get("parameters", [])} for told in (old, new)
        )
        for where, called in before.keys() - after.keys():
            yield Change(f"{name} {where}.{called}: removed", True)
        for where, called in after.keys() - before.keys():
            required = after[where, called].get("required", False)
            yield Change(f"{name} {where}.{called}: added", bool(required))
        for where, called in before.keys() & after.keys():
            was, now = before[where, called], after[where, called]
            at = f"{name} {where}.{called}"
            yield from _required(at, was.get("required"), now.get("required"), "request")
            yield from self._schema(at, was.get("schema", {}), now.get("schema", {}), "request")

    def _body(self, name: str, old: Any, new: Any) -> Iterator[Change]:
        at = f"{name} request"
        if old is None or new is None:
            if old is not None:
                yield Change(f"{at}: removed", True)
            elif new is not None:
                yield Change(f"{at}: added", bool(new.get("required")))
            return
        yield from _required(at, old.get("required"), new.get("required"), "request")
        yield from self._content(at, old["content"], new["content"], "request")

    def _responses(self, name: str, old: dict[str, Any], new: dict[str, Any]) -> Iterator[Change]:
        for status in sorted(old.keys() | new.keys()):
            at, success = f"{name} {status}", status < "300"
            was, now = old.get(status), new.get(status)
            if was is None or now is None:
                # A client that knows its success by the status must know all of them.
                yield Change(f"{at}: {'added' if was is None else 'removed'}", success)
                continue
            codes = [set(told.get("x-error-codes", ())) for told in (was, now)]
            yield from (Change(f"{at} {code}: removed", False) for code in codes[0] - codes[1])
            yield from (Change(f"{at} {code}: added", False) for code in codes[1] - codes[0])
            headers = [set(told.get("headers", {})) for told in (was, now)]
            yield from (Change(f"{at} header {h}: removed", True) for h in headers[0] - headers[1])
            yield from (Change(f"{at} header {h}: added", False) for h in headers[1] - headers[0])
            contents = (was.get("content", {}), now.get("content", {}))
            yield from self._content(at, *contents, "response")

    def _content(
        self, at: str, old: dict[str, Any], new: dict[str, Any], direction: Direction
    ) -> Iterator[Change]:
        yield from (Change(f"{at} {kind}: removed", True) for kind in old.keys() - new.keys())
        yield from (Change(f"{at} {kind}: added", False) for kind in new.keys() - old.keys())
        for kind in old.keys() & new.keys():
            schemas = (old[kind].get("schema", {}), new[kind].get("schema", {}))
            yield from self._schema(at, *schemas, direction)

    def _schema(self, at: str, old: Any, new: Any, direction: Direction) -> Iterator[Change]:
        pair = (str(old.get("$ref", id(old))), str(new.get("$ref", id(new))), direction)
        if pair in self._inside:  # a schema inside itself
            return
        self._inside.add(pair)
        try:
            yield from self._resolved(at, _plain(self.old, old), _plain(self.new, new), direction)
        finally:
            self._inside.discard(pair)

    def _resolved(
        self, at: str, old: dict[str, Any], new: dict[str, Any], direction: Direction
    ) -> Iterator[Change]:
        yield from _sets(at, _types(old), _types(new), direction, "type")
        yield from _sets(at, _values(old), _values(new), direction, "value")
        yield from _limits(at, old, new, direction)
        for name in ("format", "pattern"):
            yield from _exact(at, name, old.get(name), new.get(name), direction)
        if direction == "request" and old.get("default") != new.get("default"):
            yield Change(f"{at}: default {new.get('default')!r}", True)
        yield from self._properties(at, old, new, direction)
        if "items" in old or "items" in new:
            yield from self._schema(
                f"{at}[]", old.get("items", {}), new.get("items", {}), direction
            )
        yield from self._alternatives(at, old, new, direction)

    def _properties(
        self, at: str, old: dict[str, Any], new: dict[str, Any], direction: Direction
    ) -> Iterator[Change]:
        before, after = old.get("properties", {}), new.get("properties", {})
        needed = [set(told.get("required", ())) for told in (old, new)]
        for name in before.keys() - after.keys():
            yield Change(f"{at}.{name}: removed", True)  # what is unknown is refused
        for name in after.keys() - before.keys():
            must = direction == "request" and name in needed[1]
            yield Change(f"{at}.{name}: added", must)
        for name in before.keys() & after.keys():
            must_be = (name in needed[0], name in needed[1])
            yield from _required(f"{at}.{name}", *must_be, direction)
            yield from self._schema(f"{at}.{name}", before[name], after[name], direction)
        more = [told.get("additionalProperties", True) for told in (old, new)]
        if isinstance(more[0], dict) and isinstance(more[1], dict):
            yield from self._schema(f"{at}.*", more[0], more[1], direction)
        elif bool(more[0]) != bool(more[1]):
            narrower = bool(more[0])
            yield Change(
                f"{at}: {'no more' if narrower else 'more'} properties",
                narrower == (direction == "request"),
            )

    def _alternatives(
        self, at: str, old: dict[str, Any], new: dict[str, Any], direction: Direction
    ) -> Iterator[Change]:
        ways = [
            {str(_expanded(document, way)) for way in told.get("oneOf", told.get("anyOf", []))}
            for document, told in ((self.old, old), (self.new, new))
        ]
        if ways[0] - ways[1]:
            yield Change(f"{at}: fewer alternatives", direction == "request")
        if ways[1] - ways[0]:
            yield Change(f"{at}: more alternatives", direction == "response")


def _operations(document: dict[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    return {
        (path, method): operation
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if method in METHODS
    }


def _id(operation: dict[str, Any], at: tuple[str, str]) -> str:
    return str(operation.get("operationId") or f"{at[1].upper()} {at[0]}")


def _required(at: str, old: Any, new: Any, direction: Direction) -> Iterator[Change]:
    if bool(old) != bool(new):
        breaks = bool(new) == (direction == "request")
        yield Change(f"{at}: {'required' if new else 'optional'}", breaks)


def _sets(
    at: str, old: set[str] | None, new: set[str] | None, direction: Direction, what: str
) -> Iterator[Change]:
    """Compare what a value may be; None is anything."""
    if old is None and new is None:
        return
    if old is None or new is None:
        narrower = old is None
        yield Change(
            f"{at}: {'one of a few' if narrower else 'any'} {what}",
            narrower == (direction == "request"),
        )
        return
    numbers = {"integer"} if "number" in new else set()
    for each in old - new - numbers:
        yield Change(f"{at}: {what} {each} removed", direction == "request")
    numbers = {"integer"} if "number" in old else set()
    for each in new - old - numbers:
        yield Change(f"{at}: {what} {each} added", direction == "response")


def _limits(
    at: str, old: dict[str, Any], new: dict[str, Any], direction: Direction
) -> Iterator[Change]:
    sides: tuple[tuple[tuple[str, ...], Callable[[Any, Any], bool]], ...] = (
        (UPPER, lambda was, now: now < was),
        (LOWER, lambda was, now: now > was),
    )
    for names, is_narrower in sides:
        for name in names:
            was, now = old.get(name), new.get(name)
            if was != now:
                narrower = was is None or (now is not None and is_narrower(was, now))
                yield Change(f"{at}: {name} {now}", narrower and direction == "request")


def _exact(at: str, name: str, old: Any, new: Any, direction: Direction) -> Iterator[Change]:
    if old != new:
        harmless = new is None if direction == "request" else old is None
        yield Change(f"{at}: {name} {new}", not harmless)


def _plain(document: dict[str, Any], schema: Any) -> dict[str, Any]:
    """Return a schema without references, and without ``oneOf`` for what is null or a choice."""
    found = dict(schema)
    while "$ref" in found:
        target: Any = document
        for part in found.pop("$ref").removeprefix("#/").split("/"):
            target = target[part]
        found = {**target, **found}
    for part in found.pop("allOf", []):
        found = {**_plain(document, part), **found}
    ways = [_plain(document, way) for way in found.get("oneOf", [])]
    if ways and all("enum" in way or way.get("type") == "null" for way in ways):
        found.pop("oneOf")
        values = [v for way in ways for v in way.get("enum", [None])]
        types = sorted(set().union(*(_types(way) or set() for way in ways)))
        return {**found, "enum": values, "type": types}
    solid = [way for way in ways if way.get("type") != "null"]
    if len(solid) == 1:
        found.pop("oneOf")
        null = ["null"] if len(ways) > 1 else []
        return {**solid[0], **found, "type": [*sorted(_types(solid[0]) or ["object"]), *null]}
    return found


def _expanded(document: dict[str, Any], schema: Any, depth: int = 0) -> Any:
    """Return a schema with what it refers to written out, to be compared as a whole."""
    if isinstance(schema, list):
        return [_expanded(document, each, depth) for each in schema]
    if not isinstance(schema, dict) or depth > 20:
        return schema
    plain = _plain(document, schema) if "$ref" in schema else schema
    return {name: _expanded(document, plain[name], depth + 1) for name in sorted(plain)}


def _types(schema: dict[str, Any]) -> set[str] | None:
    told = schema.get("type")
    if told is None:
        return {"object"} if "properties" in schema else None
    return {told} if isinstance(told, str) else set(told)


def _values(schema: dict[str, Any]) -> set[str] | None:
    if "const" in schema:
        return {str(schema["const"])}
    return {str(value) for value in schema["enum"]} if "enum" in schema else None
