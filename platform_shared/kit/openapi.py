"""How the views become two OpenAPI documents: one for the platform host, one for club hosts."""

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import get_lib_doc_excludes
from drf_spectacular.utils import extend_schema

from platform_shared.kit import access, problem
from platform_shared.kit.deprecation import Deprecation
from platform_shared.kit.errors import DomainError, InvalidInput, NotFound
from platform_shared.kit.serializers import ProblemSerializer, StrictSerializer


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
    """
    describe = extend_schema(
        operation_id=operation_id,
        tags=[tag],
        request=body,
        responses=answers,
        deprecated=True if deprecated else None,
        **kwargs,
    )

    def declare(view_method: F) -> F:
        described = describe(view_method)
        described.errors = errors  # type: ignore[attr-defined]
        described.club_errors = club_errors  # type: ignore[attr-defined]
        described.deprecation = deprecated  # type: ignore[attr-defined]
        return described

    return declare


def _nothing(view: Any, method: str) -> tuple[type[DomainError], ...]:
    return ()


def undocumented_bases() -> list[type]:
    """Return the classes whose docstrings speak to us, and not to who reads the documents."""
    from platform_shared.kit.views import ApiView  # which reads the settings that name this

    return [*get_lib_doc_excludes(), ApiView, StrictSerializer]  # type: ignore[no-untyped-call]


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

    def _get_response_bodies(self, *args: Any, **kwargs: Any) -> Any:
        bodies = super()._get_response_bodies(*args, **kwargs)
        for status, titles in sorted(self._problems().items()):
            answer = self._get_response_for_code(  # type: ignore[no-untyped-call]
                ProblemSerializer, str(status), media_types=[problem.CONTENT_TYPE]
            )
            answer["description"] = "\n".join(f"- `{c}`: {t}." for c, t in sorted(titles.items()))
            answer["x-error-codes"] = sorted(titles)
            bodies[str(status)] = answer
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
        if self.request_body_is_read:
            yield from ("malformed_request", "length_required")
            yield from ("payload_too_large", "unsupported_media_type")
        if self.view.throttle_classes:
            yield "throttled"

    @property
    def request_body_is_read(self) -> bool:
        return self.get_request_serializer() is not None

    def _errors(self) -> Iterator[type[DomainError]]:
        if self.request_body_is_read or self._is_list_view() or self.get_override_parameters():
            yield InvalidInput
        # An id in the path, or a page's cursor, that leads nowhere.
        pages = self._is_list_view() and getattr(self.view, "pagination_class", None)
        if "{" in self.path or pages:
            yield NotFound
        yield from getattr(self.view, "host_errors", ())
        for before in (
            *self.view.authentication_classes,
            *self.view.permission_classes,
            *self.view.throttle_classes,
        ):
            yield from getattr(before, "refusals", _nothing)(self.view, self.method)
        yield from getattr(self._view_method(), "errors", ())
        if getattr(self.view, "on_club_hosts", False):
            yield from getattr(self._view_method(), "club_errors", ())

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
