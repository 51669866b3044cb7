"""Lists: cursor pagination, newest first, a constant number of queries."""

from rest_framework.pagination import CursorPagination


class NewestFirst(CursorPagination):
    """Pages by UUIDv7 id, whose order is the order of creation and has no ties."""

    ordering = "-id"
    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = 200
