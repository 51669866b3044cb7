"""The outermost layer: the request's id, its one log line, and answers when all else fails."""

import logging
import re
import time
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from platform_shared.kit import context, problem
from platform_shared.kit.ids import new_id

logger = logging.getLogger("qr_checkin.request")
_ACCEPTABLE_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")


class RequestContextMiddleware:
    """Gives each request an id (the client's, when it is a sane one) and logs it once."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = request.headers.get("X-Request-Id", "")
        request_id = given if _ACCEPTABLE_ID.fullmatch(given) else str(new_id())
        context.request_id.set(request_id)
        context.club_slug.set(None)
        context.user_id.set(None)
        started = time.perf_counter()
        response = self.get_response(request)
        response["X-Request-Id"] = request_id
        response.setdefault("X-Content-Type-Options", "nosniff")
        if request.path.startswith("/api/v1/"):
            # Tokens, links and people: nothing of it is for anybody's cache (RFC 6749, 5.1).
            response.setdefault("Cache-Control", "no-store")
        if not request.path.startswith("/health/"):
            logger.info(
                "%s %s %s",
                request.method,
                request.path,
                response.status_code,
                extra={"ms": round((time.perf_counter() - started) * 1000, 1)},
            )
        return response


class KnownLengthMiddleware:
    """Refuses a body in chunks with 411: WSGI reads as much as ``Content-Length`` says, so nothing.

    A payload that was never read would otherwise be answered as one whose fields are all missing.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if "Transfer-Encoding" in request.headers and not request.headers.get("Content-Length"):
            return problem.length_required(request)
        return self.get_response(request)
