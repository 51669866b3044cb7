"""The API's documents as the hosts serve them, and the two browsers for reading them."""

import threading
from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from drf_spectacular.settings import patched_settings
from drf_spectacular.views import (
    SpectacularAPIView,
    SpectacularRedocView,
    SpectacularSwaggerSplitView,
)
from rest_framework.request import Request

from platform_shared.kit import compression, preconditions

SECONDS = 300  # how long a copy of a document is good; then its ETag tells whether it still is
# Both browsers write styles into their pages; nothing but this host's own files is fetched.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; connect-src 'self'; {more}"
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


@dataclass(frozen=True, slots=True)
class _Made:
    content: bytes
    content_type: str
    tag: str


_made: dict[tuple[str, str], _Made] = {}
_making = threading.Lock()


class DocumentView(SpectacularAPIView):
    """The document of one kind of host; making it takes long, so each process does that once."""

    schema = None  # not an operation

    def get(self, request: Request, *args: Any, **kwargs: Any) -> HttpResponse:
        made = self._get_made(request.accepted_renderer)
        given = request.headers.get(preconditions.IF_NONE_MATCH)
        seen = frozenset() if given is None else preconditions.parse("If-None-Match", given)
        if preconditions.names(seen, made.tag):
            response = HttpResponse(status=304)
            del response["Content-Type"]
        else:
            response = HttpResponse(made.content, content_type=made.content_type)
        response["ETag"] = made.tag
        response["Cache-Control"] = f"public, max-age={SECONDS}"
        compression.allow(response)
        return response

    def _get_made(self, renderer: Any) -> _Made:
        key = (str(self.urlconf), renderer.media_type)
        with _making:  # drf-spectacular's settings are the process's own, too
            if key not in _made:
                with patched_settings(self.custom_settings):
                    generator = self.generator_class(urlconf=self.urlconf)
                    schema = generator.get_schema(public=True)  # type: ignore[no-untyped-call]
                    content = renderer.render(schema)
                charset = f"; charset={renderer.charset}" if renderer.charset else ""
                _made[key] = _Made(
                    content,
                    f"{renderer.media_type}{charset}",
                    preconditions.tag_of(content.decode()),
                )
            return _made[key]


class _Browser:
    """A page of ours for people: it may run our own scripts, and is asked for anew each time."""

    more = ""

    def finalize_response(self, *args: Any, **kwargs: Any) -> Any:
        response = super().finalize_response(*args, **kwargs)  # type: ignore[misc]
        response["Content-Security-Policy"] = POLICY.format(more=self.more)
        response["Cache-Control"] = "no-cache"
        return response


class SwaggerView(_Browser, SpectacularSwaggerSplitView):
    """Swagger UI, its script apart from the page, so that no inline script need be allowed."""


class RedocView(_Browser, SpectacularRedocView):
    """Redoc; what it searches by runs in a worker that it makes by itself."""

    more = "worker-src blob:; "
    template_name = "documents/redoc.html"
