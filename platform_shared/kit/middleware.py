"""The outermost layer: the request's id, its one log line, and answers when all else fails."""

import logging
import re
import time
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import ResponseHeaders

from platform_shared.kit import context, metrics, problem, tracing
from platform_shared.kit.ids import new_id

logger = logging.getLogger("qr_checkin.request")
# What every answer says unless it has something else to say. Answers are data: no browser is to
# run, frame or embed them; those of pages for people have a policy of their own.
HEADERS = {
    # Tokens, links and people: nothing of it is for anybody's cache (RFC 6749, 5.1).
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",  # which CORS does not ask
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Referrer-Policy": "no-referrer",  # addresses of one-time links are secrets
    "X-Content-Type-Options": "nosniff",
}
# Without includeSubDomains: a club's own domain has other things below it than us.
HSTS = "max-age=31536000"
_ACCEPTABLE_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")


class RequestContextMiddleware:
    """Gives each request an id (the client's, when it is a sane one) and logs it once."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = tracing.traced(metrics.measured(get_response))
        headers = ResponseHeaders(HEADERS)
        if settings.EXTERNAL_SCHEME == "https":
            headers["Strict-Transport-Security"] = HSTS
        self._defaults = headers._store

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = request.headers.get("X-Request-Id", "")
        request_id = given if _ACCEPTABLE_ID.fullmatch(given) else str(new_id())
        context.request_id.set(request_id)
        context.club_slug.set(None)
        context.club_id.set(None)
        context.user_id.set(None)
        started = time.perf_counter()
        response = self.get_response(request)
        response["X-Request-Id"] = request_id
        # As ``setdefault`` for each, without checking anew what is the same every time.
        response.headers._store = {**self._defaults, **response.headers._store}
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
