"""Holds every answer of the suite's calls in process against the documents."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from django.conf import settings
from django.test import Client
from django.urls import Resolver404, resolve

from platform_shared.documents.management.commands.export_openapi import HOSTS, document
from platform_shared.kit import field_codes

PROBLEM = "application/problem+json"


@cache
def documents() -> dict[str, dict[str, Any]]:
    """Return the documents by URL table, as the code has them now."""
    return {urlconf: document(urlconf) for urlconf in HOSTS.values()}


def operation_at(urlconf: str, path: str, method: str) -> dict[str, Any] | None:
    """Return the operation that a request is for; None for what is no operation."""
    described = documents().get(urlconf)
    if described is None:
        return None
    try:
        route = resolve(path, urlconf=urlconf).route
    except Resolver404:
        return None
    template = "/" + route.replace("<uuid:", "{").replace(">", "}")
    wanted = "get" if method == "HEAD" else method.lower()
    found: dict[str, Any] | None = described["paths"].get(template, {}).get(wanted)
    return found


def faults(operation: dict[str, Any], response: Any) -> list[str]:
    """Return what the document does not say of an answer."""
    status = str(response.status_code)
    told = operation["responses"].get(status)
    if told is None:
        return [f"{status} is not documented"]
    if response.status_code < 400 or response.headers.get("Content-Type") != PROBLEM:
        return []
    problem = json.loads(response.content or b"{}")
    if not problem:  # an answer to HEAD
        return []
    found = []
    if problem["code"] not in told.get("x-error-codes", ()):
        found.append(f"{status} {problem['code']} is not documented")
    found += [
        f"{error['code']} of {error['field']} is no known code"
        for error in problem.get("errors", ())
        if error["code"] not in field_codes.CODES
    ]
    return found


def _urlconf(request: Any) -> str:
    """Return the URL table of the request's host; nothing's for a host that is nobody's."""
    named = request.META.get("HTTP_HOST", "").partition(":")[0]  # not a host's name, maybe
    at_platform = named in settings.PLATFORM_HOSTS
    return str(getattr(request, "urlconf", settings.ROOT_URLCONF if at_platform else ""))


_paused: list[bool] = []


@contextmanager
def unwatched() -> Iterator[None]:
    """Let pass what no document knows: where a guard was taken away, or something broken in."""
    _paused.append(True)
    try:
        yield
    finally:
        _paused.pop()


@contextmanager
def watching() -> Iterator[None]:
    """Fail a test as soon as one of its calls is answered in a way that no document knows."""
    real = Client.request

    def request(self: Client, **environ: Any) -> Any:
        response: Any = real(self, **environ)
        asked = response.wsgi_request
        operation = operation_at(_urlconf(asked), asked.path, asked.method)
        if operation is not None and not _paused:
            found = faults(operation, response)
            assert not found, f"{operation['operationId']}: {'; '.join(found)}"
        return response

    Client.request = request  # type: ignore[method-assign]
    try:
        yield
    finally:
        Client.request = real  # type: ignore[method-assign]
