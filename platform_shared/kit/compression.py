"""Compressed answers, where they are long enough and nothing can be learned from their length."""

import re
from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware
from django.utils.cache import patch_vary_headers

from platform_shared.kit import preconditions

SHORTEST = 1024  # bytes: below it the headers weigh as much as what is saved
TEXTS = ("application/json", "application/vnd.oai.openapi", "application/yaml", "text/csv")
_MARK = "may_compress"
_REFUSED = re.compile(r"\bgzip\s*;\s*q\s*=\s*0(?:\.0*)?\s*(?:,|\Z)", re.IGNORECASE)


def allow(response: HttpResponseBase) -> None:
    """Say of an answer that it may be compressed; others never are."""
    setattr(response, _MARK, True)


class CompressionMiddleware(GZipMiddleware):
    """Compresses what views allow, with an entity tag of its own (RFC 9110, 8.8.3.3).

    Django weakens the tag instead, and a weak one never matches in ``If-Match``: who has read an
    answer compressed could change nothing. The random length that Django adds stays.
    """

    def process_response(self, request: HttpRequest, response: Any) -> Any:
        if not getattr(response, _MARK, False):
            return response
        if response.status_code == 304:  # as the answer that it stands for (RFC 9110, 15.4.5)
            patch_vary_headers(response, ("Accept-Encoding",))
            return response
        if not response.streaming and len(response.content) < SHORTEST:
            return response
        if not response.headers.get("Content-Type", "").startswith(TEXTS):
            return response
        if _REFUSED.search(request.headers.get("Accept-Encoding", "")):
            patch_vary_headers(response, ("Accept-Encoding",))
            return response
        tag = response.headers.get("ETag")
        response = super().process_response(request, response)
        if tag is not None and "Content-Encoding" in response.headers:
            response.headers["ETag"] = preconditions.coded(tag, "gzip")
        return response
