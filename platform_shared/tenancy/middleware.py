"""From the host name to the club: the only place where a request is bound."""

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, cast

from django.conf import settings
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from redis.exceptions import RedisError

from platform_shared.kit import problem, valkey
from platform_shared.tenancy import binding, hosts
from platform_shared.tenancy.club_ref import ClubRef
from platform_shared.tenancy.errors import UnknownHost

if TYPE_CHECKING:
    from platform_shared.tenancy.postgres.base import DatabaseWrapper

ANSWER_SECONDS = 3.0  # a connection that is open; opening one has a limit of its own
logger = logging.getLogger(__name__)
Handler = Callable[[HttpRequest], HttpResponse]


class HealthMiddleware:
    """Answers ``/health/live`` and ``/health/ready`` on every host, before routing."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path == "/health/live":
            return JsonResponse({"status": "ok"})
        if request.path == "/health/ready":
            checks = {"database": self._database(), "valkey": self._valkey()}
            # Without Valkey the doors still open, slower; without the database nothing does.
            ready = checks["database"] == "ok"
            return JsonResponse(
                {"status": "ok" if ready else "unavailable", "checks": checks},
                status=200 if ready else 503,
            )
        return self.get_response(request)

    def _database(self) -> str:
        database = cast("DatabaseWrapper", connection)
        try:
            with (
                binding.platform(),
                database.answering_within(ANSWER_SECONDS),
                database.cursor() as cursor,
            ):
                cursor.execute("SELECT 1")
        except DatabaseError:
            logger.exception("the database does not answer")
            connection.close()
            return "unavailable"
        return "ok"

    def _valkey(self) -> str:
        try:
            valkey.client().ping()
        except RedisError:
            return "unavailable"
        return "ok"


class HostMiddleware:
    """Binds the request to its host's club, or to the platform, and unbinds it afterwards."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        host = hosts.normalise(request.META.get("HTTP_HOST", ""))
        try:
            if host is not None and hosts.is_platform(host):
                return self._answer(request, binding.PLATFORM)
            club = None if host is None else hosts.find(host)
            if club is None:
                return problem.response(request, UnknownHost())
            request.urlconf = settings.CLUB_URLCONF
            return self._answer(request, club)
        finally:
            binding.release()

    def _answer(self, request: HttpRequest, target: ClubRef | str) -> HttpResponse:
        binding.bind(target)
        return self.get_response(request)
