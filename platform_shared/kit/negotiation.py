"""Which form an answer has."""

from typing import Any

from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.request import Request


class OnlyForm(DefaultContentNegotiation):
    """Answers in the form that a view has when it has one, whatever ``Accept`` says.

    RFC 9110, 12.5.1, allows that; refusing would keep a PNG from a client that asks for
    ``image/png`` and a problem document from one that asks for ``application/problem+json``,
    since DRF knows of JSON alone.
    """

    def select_renderer(
        self, request: Request, renderers: Any, format_suffix: str | None = None
    ) -> Any:
        if len(renderers) == 1:
            return renderers[0], renderers[0].media_type
        return super().select_renderer(request, renderers, format_suffix)
