"""Errors on the wire: ``application/problem+json`` (RFC 9457), never HTML, never a stack trace."""

import json
import logging
import math
import sys
from typing import Any

from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.db import OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from rest_framework import exceptions as drf
from rest_framework.renderers import JSONRenderer
from rest_framework.response import Response

from platform_shared.kit import context
from platform_shared.kit.errors import DomainError, InvalidInput, TooManyRequests

CONTENT_TYPE = "application/problem+json"
logger = logging.getLogger(__name__)


def body(
    *, status: int, code: str, title: str, detail: str, instance: str, **extras: Any
) -> dict[str, Any]:
    """Return the members of a problem document."""
    return {
        "type": f"urn:qr-checkin:error:{code}",
        "title": title,
        "status": status,
        "code": code,
        "detail": detail,
        "instance": instance,
        "request_id": context.request_id.get(),
        **extras,
    }


def response(request: HttpRequest, error: DomainError) -> HttpResponse:
    """Return the problem response for ``error``, for code that runs outside a view."""
    content = json.dumps(_document(error, request.path))
    reply = HttpResponse(
        content, status=error.status, content_type=CONTENT_TYPE, headers=dict(error.headers)
    )
    if error.status == 401:
        reply["WWW-Authenticate"] = "Bearer"
    return reply


def _document(error: DomainError, instance: str) -> dict[str, Any]:
    extras = dict(error.extras)
    if isinstance(error, InvalidInput):
        extras["errors"] = [
            {"field": e.field, "code": e.code, "detail": e.detail} for e in error.errors
        ]
    return body(
        status=error.status,
        code=error.code,
        title=error.title,
        detail=error.detail,
        instance=instance,
        **extras,
    )


def _flatten(detail: Any, path: str = "") -> list[dict[str, str]]:
    """Return DRF's nested validation detail as a flat list with dotted field paths."""
    if isinstance(detail, dict):
        found: list[dict[str, str]] = []
        for key, value in detail.items():
            inner = path if key == "non_field_errors" else f"{path}.{key}".lstrip(".")
            found += _flatten(value, inner)
        return found
    if isinstance(detail, list):
        found = []
        for index, value in enumerate(detail):
            nested = isinstance(value, dict | list)
            found += _flatten(value, f"{path}.{index}".lstrip(".") if nested else path)
        return found
    code = getattr(detail, "code", None) or "invalid"
    return [{"field": _printable(path) or "body", "code": code, "detail": _printable(str(detail))}]


def field_errors(error: drf.ValidationError) -> list[dict[str, str]]:
    """Return what a validation found as it stands in a problem document: field, code, detail."""
    return _flatten(error.detail)


def _printable(text: str) -> str:
    """Return what the client sent without the half characters that UTF-8 has no bytes for."""
    return text.encode("utf-8", "replace").decode()


# What Django, DRF or the server finds before or beside our own code, by code: status, title. Where
# a domain error has the same code, what that class says is the same.
GENERIC = {
    "malformed_request": (400, "Bad Request"),
    "not_authenticated": (401, "Authentication required"),
    "forbidden": (403, "Not allowed"),
    "not_found": (404, "Not found"),
    "method_not_allowed": (405, "Method Not Allowed"),
    "not_acceptable": (406, "Not Acceptable"),
    "length_required": (411, "Length Required"),
    "payload_too_large": (413, "Content Too Large"),
    "unsupported_media_type": (415, "Unsupported Media Type"),
    TooManyRequests.code: (429, TooManyRequests.title),
    "internal_error": (500, "Internal Server Error"),
    "temporarily_unavailable": (503, "Service Unavailable"),
}
_GENERIC_CODES = {status: code for code, (status, _) in GENERIC.items()}
RETRY_AFTER_SECONDS = 5


def exception_handler(error: Exception, handler_context: dict[str, Any]) -> Response | None:
    """Turn what a view raised into a problem response (DRF's ``EXCEPTION_HANDLER``)."""
    request = handler_context["request"]
    headers: dict[str, str] = {}
    if isinstance(error, DomainError):
        document = _document(error, request.path)
        headers.update(error.headers)
    elif isinstance(error, drf.ValidationError):
        document = body(
            status=400,
            code=InvalidInput.code,
            title=InvalidInput.title,
            detail="One or more fields are not valid.",
            instance=request.path,
            errors=field_errors(error),
        )
    else:
        status = _status_of(error)
        if status is None:
            return None  # Django logs it and ``server_error`` answers.
        given = getattr(error, "detail", None)
        detail = str(given) if isinstance(given, str) else ""  # simplejwt's are dictionaries
        if isinstance(error, drf.MethodNotAllowed):
            headers["Allow"] = ", ".join(handler_context["view"].allowed_methods)
        wait = getattr(error, "wait", None)
        if wait is not None:
            headers["Retry-After"] = str(math.ceil(wait))
        document = _generic(status, request.path, detail)
    if document["status"] == 401:
        headers["WWW-Authenticate"] = "Bearer"
    reply = Response(document, status=document["status"], headers=headers)
    reply.content_type = CONTENT_TYPE
    # Whatever form the view's answers have: those of the documents are YAML and HTML.
    request.accepted_renderer, request.accepted_media_type = JSONRenderer(), CONTENT_TYPE
    return reply


def _status_of(error: Exception) -> int | None:
    if isinstance(error, drf.APIException):
        return error.status_code
    if isinstance(error, Http404):
        return 404
    if isinstance(error, RequestDataTooBig):
        return 413
    if isinstance(error, SuspiciousOperation):
        return 400
    return None


def _generic(status: int, path: str, detail: str = "") -> dict[str, Any]:
    code = _GENERIC_CODES.get(status, "malformed_request" if status < 500 else "internal_error")
    title = GENERIC[code][1]
    return body(
        status=status,
        code=code,
        title=title,
        detail=detail or title,
        instance=path,
    )


def _plain(request: HttpRequest, status: int) -> HttpResponse:
    content = json.dumps(_generic(status, request.path))
    return HttpResponse(content, status=status, content_type=CONTENT_TYPE)


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Answer 400 for what fails before a view runs (``handler400``)."""
    return _plain(request, 400)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Answer 403 for what fails before a view runs (``handler403``)."""
    return _plain(request, 403)


def length_required(request: HttpRequest) -> HttpResponse:
    """Answer 411 for a body whose end only its reading would tell."""
    return _plain(request, 411)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Answer 404 for a path that no route matches (``handler404``)."""
    return _plain(request, 404)


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer for what nobody has caught; the log has the details, by request id (``handler500``).

    That is a 503 where the database is away, does not answer in time or has given a statement up
    (all of them ``OperationalError``): the same request may well succeed in a moment.
    """
    if not isinstance(sys.exception(), OperationalError):
        return _plain(request, 500)
    reply = _plain(request, 503)
    reply["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return reply
