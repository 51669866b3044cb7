"""How the views become two OpenAPI documents: one for the platform host, one for club hosts."""

from collections.abc import Callable
from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import force_instance, get_lib_doc_excludes
from drf_spectacular.utils import extend_schema
from rest_framework.fields import empty

from platform_shared.kit import access, idempotency, preconditions, problem
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


def operation[F: Callable[..., Any]](
    operation_id: str, tag: str, *, answers: Any, body: Any = None, **kwargs: Any
) -> Callable[[F], F]:
    """Describe one operation: its id in generated clients, its tag, its body and its answers."""
    return extend_schema(
        operation_id=operation_id, tags=[tag], request=body, responses=answers, **kwargs
    )


def _may_be_left_out(field: Any) -> bool:
    """Whether an answer lacks the field where its source does (DRF's ``Field.get_attribute``)."""
    declared = field.field_name in getattr(field.parent, "_declared_fields", {})
    optional = not (field.required or field.read_only or field.allow_null)
    return declared and optional and field.default is empty


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
    """Adds the problem responses that every operation of a kind can give, and its permission."""

    def get_operation(self, *args: Any, **kwargs: Any) -> Any:
        operation = super().get_operation(*args, **kwargs)
        rule = access.rule_of(self.view, self.method)
        if operation and rule is not None:
            operation["x-permission"] = str(rule)
        if operation and self._is_tagged():
            _describe_conditions(operation, self.method, self._must_match())
        return operation

    def _get_parameters(self) -> Any:
        parameters = super()._get_parameters()
        if idempotency.is_honoured(self.view, self.method):
            parameters.append(IDEMPOTENCY_KEY)
        return parameters

    def _get_response_bodies(self, *args: Any, **kwargs: Any) -> Any:
        bodies = super()._get_response_bodies(*args, **kwargs)
        for status in self._problem_statuses():
            bodies.setdefault(
                status,
                self._get_response_for_code(  # type: ignore[no-untyped-call]
                    ProblemSerializer, status, media_types=[problem.CONTENT_TYPE]
                ),
            )
        if "429" in bodies:
            bodies["429"]["headers"] = {
                name: {"$ref": f"#/components/headers/{name}"}
                for name in ("Retry-After", "RateLimit-Policy", "RateLimit")
            }
        return bodies

    def _problem_statuses(self) -> list[str]:
        statuses = ["404", "500", "503"]
        if self._is_tagged():
            statuses.append("400")
            statuses += [] if self.method == "GET" else ["412"]
            statuses += ["428"] if self._must_match() else []
        if self.method in ("POST", "PATCH", "PUT"):
            statuses += ["400", "409", "413", "415"]
        elif self.method == "DELETE":
            statuses.append("409")
        elif self._is_list_view() or self.get_override_parameters():
            statuses.append("400")
        if idempotency.is_honoured(self.view, self.method):
            statuses += ["400", "422"]
        statuses += ["401", "403"]
        view: Any = self.view
        if view.throttles or (view.authentication_classes and view.counts_forged_tokens):
            statuses.append("429")
        return sorted(set(statuses))

    def _is_tagged(self) -> bool:
        return getattr(self.view, "tagged_as", None) is not None

    def _must_match(self) -> bool:
        return self.method in getattr(self.view, "must_match", ())

    def get_auth(self) -> list[dict[str, Any]]:
        if access.rule_of(self.view, self.method) is access.Open.PUBLIC:
            return []
        return super().get_auth()  # which also describes the scheme itself

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
    """The one way to authenticate: an access token."""

    target_class = "platform_shared.accounts.authentication.Authentication"
    name = "accessToken"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
