"""How the views become two OpenAPI documents: one for the platform host, one for club hosts."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ResolvedComponent, get_lib_doc_excludes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.serializers import ListSerializer, Serializer

from platform_shared.kit import access, listing, pagination, problem
from platform_shared.kit.serializers import ProblemSerializer, StrictSerializer

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
    operation_id: str, tag: str, *, answers: Any, body: Any = None, **kwargs: Any
) -> Callable[[F], F]:
    """Describe one operation: its id in generated clients, its tag, its body and its answers.

    The query may have the names of ``parameters`` and no others, but for those that come with a
    list, or with the thing that a GET answers; without a ``body`` none is taken.
    """
    is_list = isinstance(answers, ListSerializer)
    rows = type(answers.child) if is_list else answers
    described = Described(
        operation_id,
        frozenset(name for given in kwargs.get("parameters", ()) for name in _names(given)),
        body is not None,
        is_list,
        is_list or bool(kwargs.get("filters")),
        rows if is_list or _has_id(rows) else None,
    )
    describe = extend_schema(
        operation_id=operation_id, tags=[tag], request=body, responses=answers, **kwargs
    )

    def decorate(handler: F) -> F:
        handler.described = described  # type: ignore[attr-defined]
        return describe(handler)

    return decorate


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


def undocumented_bases() -> list[type]:
    """Return the classes whose docstrings speak to us, and not to who reads the documents."""
    from platform_shared.kit.views import ApiView  # which reads the settings that name this

    return [*get_lib_doc_excludes(), ApiView, StrictSerializer]  # type: ignore[no-untyped-call]


class OperationSchema(AutoSchema):
    """Adds the problem responses that every operation of a kind can give, and its permission."""

    def get_operation(self, *args: Any, **kwargs: Any) -> Any:
        operation = super().get_operation(*args, **kwargs)
        rule = access.rule_of(self.view, self.method)
        if operation and rule is not None:
            operation["x-permission"] = str(rule)
        return operation

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
            schema["properties"]["expanded"] = {
                "type": "object",
                "properties": known,
                "description": "What `expand` asked for; left out where nothing was.",
            }
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
        for status in self._problem_statuses():
            bodies.setdefault(
                status,
                self._get_response_for_code(  # type: ignore[no-untyped-call]
                    ProblemSerializer, status, media_types=[problem.CONTENT_TYPE]
                ),
            )
        return bodies

    def _problem_statuses(self) -> list[str]:
        statuses = ["400", "404", "500", "503"]
        if self.method != "GET":
            statuses += ["409", "413", "415"]
        statuses += ["401", "403"]
        return sorted(statuses)

    def get_auth(self) -> list[dict[str, Any]]:
        if access.rule_of(self.view, self.method) is access.Open.PUBLIC:
            return []
        return super().get_auth()  # which also describes the scheme itself


class BearerScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """The one way to authenticate: an access token."""

    target_class = "platform_shared.accounts.authentication.Authentication"
    name = "accessToken"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
