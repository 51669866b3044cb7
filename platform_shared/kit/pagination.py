"""Lists: cursor pagination, newest first, a constant number of queries."""

from typing import Any
from uuid import UUID

from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.pagination import Cursor, CursorPagination
from rest_framework.request import Request


class NewestFirst(CursorPagination):
    """Pages by UUIDv7 id, whose order is the order of creation and has no ties."""

    ordering: str | tuple[str, ...] = "-id"
    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = 200

    def get_page_size(self, request: Request) -> int:
        """Return how many rows a page has; who asks for more than 200 gets 200.

        Raises:
            ValidationError: ``page_size`` is no number from 1 up.
        """
        given = request.query_params.get(self.page_size_query_param)
        if given is None:
            return self.page_size
        if not (given.isascii() and given.isdecimal() and given.strip("0")):
            raise ValidationError({"page_size": "Must be a number from 1 up."}, code="invalid")
        return min(int(given[:9]), self.max_page_size)  # nine digits are far beyond it

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        """Return the schema of a page; DRF's says ``nullable``, which OpenAPI 3.1 has no more."""
        link = {"type": ["string", "null"], "format": "uri"}
        return {
            "type": "object",
            "required": ["next", "previous", "results"],
            "properties": {
                "next": {**link, "description": "The next page; null at the end."},
                "previous": {**link, "description": "The page before; null at the start."},
                "results": schema,
            },
        }

    def decode_cursor(self, request: Request) -> Any:
        """Return the cursor of the request, whose position must be one that we give."""
        cursor: Cursor | None = super().decode_cursor(request)
        if cursor is not None and not self._is_position(cursor.position):
            raise NotFound(self.invalid_cursor_message)
        return cursor

    def _is_position(self, text: Any) -> bool:
        try:
            return bool(UUID(str(text or "")))
        except ValueError:
            return False


class ByPosition(NewestFirst):
    """Pages by a ``position`` that somebody chose, the newest first among those that share one."""

    ordering = ("position", "-id")

    def _is_position(self, text: Any) -> bool:
        # None stands for the start: a page of rows that share one position is counted off.
        return text is None or (str(text).isascii() and str(text).isdecimal() and len(text) < 10)


class OldestFirst(NewestFirst):
    """The same from the other end."""

    ordering = "id"
