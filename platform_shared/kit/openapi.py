"""How the views become two OpenAPI documents: one for the platform host, one for club hosts."""

import re
from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ResolvedComponent, force_instance, get_lib_doc_excludes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.fields import empty
from rest_framework.serializers import ListSerializer, Serializer

from platform_shared.kit import access, idempotency, listing, pagination, preconditions, problem
from platform_shared.kit.deprecation import Deprecation
from platform_shared.kit.errors import (
    DomainError,
    InvalidInput,
    NotFound,
    PreconditionFailed,
    PreconditionRequired,
    TooManyRequests,
)
from platform_shared.kit.serializers import ProblemSerializer, StrictSerializer

IDEMPOTENCY_KEY = {
    "in": "header",
    "name": idempotency.HEADER,
    "required": False,
    "schema": {"type": "string", "pattern": "^[!-~]+$", "maxLength": idempotency.LONGEST_KEY},
    "description": (
        "Makes it safe to send this request again: what repeats it within 24 hours has no effect "
        f"of its own and gets the first answer, with `{idempotency.REPLAYED}: true`. 409 "
        "`idempotency_key_in_progress` while the first one runs; 422 `idempotency_key_reused` "
        "where the key came with another request."
    ),
}

NULL = {"type": "null"}


@dataclass(frozen=True, slots=True)
class Described:
    """What ``operation`` was told of a handler, which so reads what the documents say it reads.

    ``rows`` is the serializer of what a GET answers, if that is a list or has an id.
    """

    operation_id: str = ""
    parameters: frozenset[str] = frozenset()
    takes_body: bool = True
    is_list: bool = False
    is_filtered: bool = False
    rows: Any = None


def operation[F: Callable[..., Any]](
    operation_id: str,
    tag: str,
    *,
    answers: Any,
    body: Any = None,
    errors: Sequence[type[DomainError]] = (),
    club_errors: Sequence[type[DomainError]] = (),
    deprecated: Deprecation | None = None,
    **kwargs: Any,
) -> Callable[[F], F]:
    """Describe one operation: its id in generated clients, its tag, its body and its answers.

    ``errors`` are those that only this operation can give; what every operation of a kind can give
    is added by ``OperationSchema``. ``club_errors`` are those that the platform's host does not
    give. ``deprecated`` is told by the document and by every answer.

    The query may have the names of ``parameters`` and no others, but for those that come with a
    list, or with the thing that a GET answers; without a ``body`` none is taken.
    """
    is_list = isinstance(answers, ListSerializer)
    rows = type(answers.child) if is_list else answers
    read = Described(
        operation_id,
        frozenset(name for given in kwargs.get("parameters", ()) for name in _names(given)),
        body is not None,
        is_list,
        is_list or bool(kwargs.get("filters")),
        rows if is_list or _has_id(rows) else None,
    )
    describe = extend_schema(
        operation_id=operation_id,
        tags=[tag],
        request=body,
        responses=answers,
        deprecated=True if deprecated else None,
        **kwargs,
    )

    def declare(handler: F) -> F:
        described = describe(handler)
        described.described = read  # type: ignore[attr-defined]
        described.errors = errors  # type: ignore[attr-defined]
        described.club_errors = club_errors  # type: ignore[attr-defined]
        described.deprecation = deprecated  # type: ignore[attr-defined]
        return described

    return declare


def _names(given: Any) -> tuple[str, ...]:
    if isinstance(given, OpenApiParameter):
        return (given.name,) if given.location == OpenApiParameter.QUERY else ()
    return tuple(given().fields)  # a serializer of the query


def _has_id(answers: Any) -> bool:
    return (
        isinstance(answers, type)
        and issubclass(answers, Serializer)
        and ("id" in getattr(getattr(answers, "Meta", None), "fields", answers._declared_fields))
    )


def _may_be_left_out(field: Any) -> bool:
    """Whether an answer lacks the field where its source does (DRF's ``Field.get_attribute``)."""
    declared = field.field_name in getattr(field.parent, "_declared_fields", {})
    optional = not (field.required or field.read_only or field.allow_null)
    return declared and optional and field.default is empty


def _nothing(view: Any, method: str) -> tuple[type[DomainError], ...]:
    return ()


def undocumented_bases() -> list[type]:
    """Return the classes whose docstrings speak to us, and not to who reads the documents."""
    from platform_shared.kit.views import ApiView  # which reads the settings that name this

    return [*get_lib_doc_excludes(), ApiView, StrictSerializer]  # type: ignore[no-untyped-call]


ETAG = {
    "ETag": {
        "description": "Changes whenever this does; for `If-Match` and `If-None-Match`.",
        "schema": {"type": "string"},
    }
}
CONDITIONS = {
    preconditions.IF_MATCH: "The `ETag` of what is to be changed, as it was read; when it has "
    "changed meanwhile the answer is 412 and nothing happens.",
    preconditions.IF_NONE_MATCH: "The `ETag` of a copy; when it is still good the answer is 304.",
}


def _describe_conditions(operation: dict[str, Any], method: str, required: bool) -> None:
    """Add to an operation on something that has an entity tag what can be done with that."""
    name = preconditions.IF_NONE_MATCH if method == "GET" else preconditions.IF_MATCH
    parameter: dict[str, Any] = {
        "in": "header",
        "name": name,
        "schema": {"type": "string", "pattern": preconditions.PATTERN},
        "description": CONDITIONS[name],
    }
    if required:
        parameter["required"] = True
    operation.setdefault("parameters", []).append(parameter)
    responses = operation["responses"]
    if "200" in responses:
        responses["200"]["headers"] = {**responses["200"].get("headers", {}), **ETAG}
    if method == "GET":
        responses["304"] = {"description": "The copy is still good.", "headers": ETAG}


class OperationSchema(AutoSchema):
    """Adds the problems that an operation can give, and the permission that it needs.

    What stands before a view (authentication, permissions, throttles) says itself what it refuses,
    by a static method ``refusals(view, method)``.
    """

    def get_operation(self, *args: Any, **kwargs: Any) -> Any:
        operation = super().get_operation(*args, **kwargs)
        rule = access.rule_of(self.view, self.method)
        if operation and rule is not None:
            operation["x-permission"] = str(rule)
        if operation and self._is_tagged():
            _describe_conditions(operation, self.method, self._must_match())
        if operation and rule is access.Open.PUBLIC:
            operation["security"] = []  # said, not left out: none is needed
        deprecation = getattr(self._view_method(), "deprecation", None)
        if operation and deprecation is not None:
            operation["x-deprecation"] = deprecation.document()
        return operation

    def get_summary(self) -> str:
        """Return the operation's id as a person would say it: ``listQrCodes``, List QR codes."""
        words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", self.get_operation_id()).lower()
        return words.capitalize().replace("qr ", "QR ")

    def _view_method(self) -> Any:
        return getattr(self.view, self.method.lower())

    def _get_parameters(self) -> Any:
        parameters = super()._get_parameters()
        if idempotency.is_honoured(self.view, self.method):
            parameters.append(IDEMPOTENCY_KEY)
        return parameters

    def _described(self) -> Described:
        view: Any = self.view
        described: Described = view.described_as(self.method)
        return described

    def _get_pagination_parameters(self) -> Any:
        described = self._described()
        found = super()._get_pagination_parameters()  # type: ignore[no-untyped-call]
        if described.rows is not None and self.method == "GET":
            view: Any = self.view
            expandable = "expand" in view.names_read(self.method)
            found += listing.parameters(described.rows, expandable=expandable)
        return found

    def _map_serializer(self, serializer: Any, direction: Any, *args: Any, **kwargs: Any) -> Any:
        schema = super()._map_serializer(  # type: ignore[no-untyped-call]
            serializer, direction, *args, **kwargs
        )
        expansions = listing.expansions_of(type(serializer)) if direction == "response" else {}
        if expansions:
            known = {
                name: {"oneOf": [self.resolve_serializer(e.serializer, direction).ref, NULL]}
                for name, e in expansions.items()
            }
            what = {
                "type": "object",
                "properties": known,
                "description": "What `expand` asked for; left out where nothing was.",
            }
            name = type(serializer).__name__.removesuffix("Serializer")
            schema["properties"]["expanded"] = self._component(f"{name}Expansions", what)
        return schema

    def _sparse(self, name: str, schema: dict[str, Any]) -> dict[str, Any]:
        """Return a reference to a component like ``schema``; of its members only ids are sure."""
        only = {"id"} & set(schema["properties"])
        sparse = {**deepcopy(schema), "description": "Some of the members."}
        sparse.pop("required", None)
        if only:
            sparse["required"] = sorted(only)
        return self._component(f"Sparse{name}", sparse)

    def _component(self, name: str, schema: dict[str, Any]) -> dict[str, Any]:
        component = ResolvedComponent(  # type: ignore[no-untyped-call]
            name, ResolvedComponent.SCHEMA, schema, object=name
        )
        self.registry.register_on_missing(component)
        reference: dict[str, Any] = component.ref
        return reference

    def _add_sparse(self, answer: dict[str, Any], described: Described) -> None:
        rows = self.resolve_serializer(described.rows, "response")
        sparse = self._sparse(rows.name, rows.schema)
        if described.is_list:
            page = pagination.Pages().get_paginated_response_schema(
                {"type": "array", "items": sparse}
            )
            sparse = self._component(self.get_paginated_name(f"Sparse{rows.name}"), page)
        answer["content"][listing.SPARSE] = {"schema": sparse}

    def _get_response_bodies(self, *args: Any, **kwargs: Any) -> Any:
        bodies = super()._get_response_bodies(*args, **kwargs)
        described = self._described()
        if described.rows is not None and self.method == "GET":
            self._add_sparse(bodies["200"], described)
        for status, titles in sorted(self._problems().items()):
            answer = self._get_response_for_code(  # type: ignore[no-untyped-call]
                ProblemSerializer, str(status), media_types=[problem.CONTENT_TYPE]
            )
            answer["description"] = "\n".join(f"- `{c}`: {t}." for c, t in sorted(titles.items()))
            answer["x-error-codes"] = sorted(titles)
            bodies[str(status)] = answer
        if "429" in bodies:
            bodies["429"]["headers"] = {
                name: {"$ref": f"#/components/headers/{name}"}
                for name in ("Retry-After", "RateLimit-Policy", "RateLimit")
            }
        return bodies

    def _problems(self) -> dict[int, dict[str, str]]:
        """Return the titles of the problems by status and code."""
        found: dict[int, dict[str, str]] = {}
        for code in self._generic_codes():
            status, title = problem.GENERIC[code]
            found.setdefault(status, {})[code] = title
        for error in self._errors():
            found.setdefault(error.status, {})[error.code] = error.title
        return found

    def _generic_codes(self) -> Iterator[str]:
        yield from ("internal_error", "temporarily_unavailable")
        if self.method != "GET":  # a body is read to be refused, where none is taken
            yield from ("malformed_request", "length_required")
            yield from ("payload_too_large", "unsupported_media_type")

    def _errors(self) -> Iterator[type[DomainError]]:
        view: Any = self.view
        yield InvalidInput  # a name in the query that nothing reads
        if "{" in self.path:
            yield NotFound
        if self._is_tagged() and self.method != "GET":
            yield PreconditionFailed
        if self._must_match():
            yield PreconditionRequired
        if idempotency.is_honoured(view, self.method):
            yield from idempotency.refusals()
        ways = type(view).authentication_classes  # those of the view here are the documented ones
        if view.throttles or (ways and view.counts_forged_tokens):
            yield TooManyRequests
        yield from getattr(view, "host_errors", ())
        for before in (*ways, *view.permission_classes):
            yield from getattr(before, "refusals", _nothing)(view, self.method)
        yield from getattr(self._view_method(), "errors", ())
        if getattr(view, "on_club_hosts", False):
            yield from getattr(self._view_method(), "club_errors", ())

    def _is_tagged(self) -> bool:
        return getattr(self.view, "tagged_as", None) is not None

    def _must_match(self) -> bool:
        return self.method in getattr(self.view, "must_match", ())

    def get_auth(self) -> list[dict[str, Any]]:
        rule = access.rule_of(self.view, self.method)
        if rule is access.Open.PUBLIC:
            return []
        opens = {False} if rule not in access.PROGRAMMABLE else {False, True}
        if rule is access.Open.API_KEY:
            opens = {True}
        self.view.authentication_classes = [
            way
            for way in self.view.authentication_classes
            if getattr(way, "is_for_programs", False) in opens
        ]
        return super().get_auth()  # which also describes the schemes themselves

    def _map_basic_serializer(self, serializer: Any, direction: str) -> Any:
        schema = super()._map_basic_serializer(serializer, direction)  # type: ignore[no-untyped-call]
        described = force_instance(serializer)  # type: ignore[no-untyped-call]
        if direction == "response":
            # A model's default makes a field optional in what is sent; it is answered always.
            schema["required"] = sorted(
                name
                for name in schema["properties"]
                if not _may_be_left_out(described.fields[name])
            )
        elif isinstance(described, StrictSerializer):
            schema["additionalProperties"] = False
        return schema


class BearerScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How people authenticate: an access token."""

    target_class = "platform_shared.accounts.authentication.Authentication"
    name = "accessToken"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}


class ApiKeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How programs authenticate: an API key of the club."""

    target_class = "tenant_apps.api_keys.authentication.ApiKeyAuthentication"
    name = "apiKey"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "qck_",
            "description": (
                "An API key of this club, for programs and doors: `qck_` and 60 letters and "
                "digits. It opens what it was given, and only operations that name this scheme."
            ),
        }
