"""Lists: pages by cursor, in the orderings that the list offers, one query a page."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any

from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

from platform_shared.kit.errors import FieldError, InvalidInput
from platform_shared.kit.ordering import Ordering, Side, offered

PAGE_SIZE = 50
MAX_PAGE_SIZE = 200
NAMES = ("cursor", "page_size", "ordering")
_LONGEST_CURSOR = 4000
_BACKWARDS = (Side.BEFORE, Side.NOT_AFTER)


class Pages(BasePagination):
    """The pages of a view's list.

    A cursor says which list and ordering it is of, and on which side of which place its page
    lies. Forged, it finds no row that the list itself would not show.
    """

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any]:
        """Return the rows of the page that the request asks for.

        Raises:
            InvalidInput: ``page_size``, ``ordering`` or ``cursor`` is none of this list's.
        """
        asked = request.query_params
        self._url = request.build_absolute_uri()
        self._list = view.described.operation_id
        size = _page_size(asked.get("page_size"))
        self._ordering = _ordering(asked.get("ordering"), view)
        cursor, backwards = asked.get("cursor"), False
        if cursor is not None:
            side, place = self._read(cursor)
            backwards = side in _BACKWARDS
            try:
                queryset = self._ordering.beside(queryset, side, place)
            except ValueError as error:
                raise _invalid_cursor() from error
        found = list(self._ordering.sorted(queryset, backwards=backwards)[: size + 1])
        rows, more = found[:size], len(found) > size
        if backwards:
            rows.reverse()
        # Where one has come from there is something, and where to is what one row too many tells.
        ahead, behind = (True, more) if backwards else (more, cursor is not None)
        if rows:
            first, last = (self._ordering.place_of(row) for row in (rows[0], rows[-1]))
            after, before = (Side.AFTER, last), (Side.BEFORE, first)
        elif cursor is not None:  # what was here is gone; the way back begins at the place itself
            after, before = (Side.NOT_BEFORE, place), (Side.NOT_AFTER, place)
        self._next = self._link(*after) if ahead else None
        self._previous = self._link(*before) if behind else None
        return rows

    def get_paginated_response(self, data: Any) -> Response:
        return Response({"next": self._next, "previous": self._previous, "results": data})

    def _link(self, side: Side, place: list[str | None]) -> str:
        said = json.dumps([self._list, str(self._ordering), side, place])
        cursor = urlsafe_b64encode(said.encode()).decode().rstrip("=")
        return replace_query_param(self._url, "cursor", cursor)

    def _read(self, cursor: str) -> tuple[Side, list[Any]]:
        try:
            if len(cursor) > _LONGEST_CURSOR:
                raise ValueError("too long")
            said = json.loads(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
            of_list, ordering, side, place = said
            if (of_list, ordering) != (self._list, str(self._ordering)):
                raise ValueError("of another list")
            return Side(side), list(place)
        except (ValueError, TypeError, RecursionError) as error:
            raise _invalid_cursor() from error

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        def link(description: str) -> dict[str, Any]:
            return {"type": ["string", "null"], "format": "uri", "description": description}

        return {
            "type": "object",
            "required": ["next", "previous", "results"],
            "properties": {
                "next": link("The page after this one; null: this is the last."),
                "previous": link("The page before this one; null: this is the first."),
                "results": schema,
            },
        }

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        size = {"type": "integer", "minimum": 1, "maximum": MAX_PAGE_SIZE, "default": PAGE_SIZE}
        return [
            _parameter(
                "ordering",
                {
                    "type": "string",
                    "enum": list(offered(view.orderings)),
                    "default": view.default_ordering,
                },
                "What the rows are sorted by; `-` for descending. Ties are settled by `id`, whose "
                "order is that of creation. "
                "What has no value in an ascending list comes last.",
            ),
            _parameter("page_size", size, "Rows of a page."),
            _parameter(
                "cursor",
                {"type": "string"},
                "Where a page begins; taken from `next` or `previous`, for the same ordering.",
            ),
        ]


def _parameter(name: str, schema: dict[str, Any], description: str) -> dict[str, Any]:
    return {
        "name": name,
        "in": "query",
        "required": False,
        "description": description,
        "schema": schema,
    }


def _page_size(given: str | None) -> int:
    if given is None:
        return PAGE_SIZE
    digits = given.isascii() and given.isdecimal() and len(given) <= 9
    if not (digits and 1 <= int(given) <= MAX_PAGE_SIZE):
        detail = f"Must be a number from 1 to {MAX_PAGE_SIZE}."
        raise InvalidInput(FieldError("page_size", "invalid", detail))
    return int(given)


def _ordering(given: str | None, view: Any) -> Ordering:
    orderings = offered(view.orderings)
    name = view.default_ordering if given is None else given
    if name not in orderings:
        detail = f"One of: {', '.join(orderings)}."
        raise InvalidInput(FieldError("ordering", "invalid_choice", detail))
    return orderings[name]


def _invalid_cursor() -> InvalidInput:
    detail = "No cursor of this list in this ordering; begin again without one."
    return InvalidInput(FieldError("cursor", "invalid_cursor", detail))
