"""The base of every view: access is declared, payloads and queries are strict, lists are pages."""

from typing import Any, ClassVar

from django.db.models import QuerySet
from django_filters.rest_framework import DjangoFilterBackend
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from platform_shared.kit import listing, pagination
from platform_shared.kit.access import Rule
from platform_shared.kit.errors import FieldError, InvalidInput
from platform_shared.kit.openapi import Described
from platform_shared.kit.ordering import Sort
from platform_shared.kit.principal import Principal
from platform_shared.kit.serializers import StrictSerializer


class ApiView(GenericAPIView[Any]):
    """A view that says who may call each of its methods.

    ``access`` maps an HTTP method to a permission (or ``Open.PUBLIC``); what it leaves out is
    denied. ``allowed_when_suspended`` keeps the view open while the club is suspended.
    """

    # Without OPTIONS: every answer has an Allow header, and the documents say the rest.
    http_method_names = ["get", "post", "put", "patch", "delete", "head"]
    access: ClassVar[dict[str, Rule]] = {}
    allowed_when_suspended: ClassVar[bool] = False
    # What a list can be ordered by beside the id.
    orderings: ClassVar[tuple[Sort, ...]] = ()
    default_ordering: ClassVar[str] = "-id"
    # Whether `expand` is offered, where the rows' serializer has something to expand.
    expandable: ClassVar[bool] = True
    pagination_class = pagination.Pages
    queryset: Any = None

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        # Where there is nothing to filter by, there is nothing to describe.
        declared = getattr(cls, "filterset_class", None) is not None
        cls.filter_backends = (DjangoFilterBackend,) if declared else ()

    @property
    def caller(self) -> Principal:
        """The account behind the request; only for views that are not public."""
        principal = self.request.user
        assert isinstance(principal, Principal)
        return principal

    def valid(self, serializer_class: type[BaseSerializer[Any]], **kwargs: Any) -> Any:
        """Return the validated payload, or raise naming every field that is wrong."""
        serializer = serializer_class(data=self.request.data, **kwargs)
        serializer.is_valid(raise_exception=True)
        return serializer.validated_data

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Let in who may come in; then refuse what nothing here reads.

        Raises:
            InvalidInput: the query has an unknown name, or one twice. A filter with a slip of the
                pen in its name would otherwise show, or export, everything.
            ValidationError: there is a body where none is taken.
        """
        super().initial(request, *args, **kwargs)
        self._require_known_query(request)
        if request.method not in ("GET", "HEAD") and not self.described.takes_body:
            StrictSerializer(data=request.data).is_valid(raise_exception=True)

    def _require_known_query(self, request: Request) -> None:
        known, given = self.names_read(request.method), request.query_params
        errors = [
            FieldError(name, "unknown_parameter", "Unknown parameter.")
            if name not in known
            else FieldError(name, "repeated_parameter", "Must be given once.")
            for name in sorted(given)
            if name not in known or len(given.getlist(name)) > 1
        ]
        if errors:
            raise InvalidInput(*errors)

    @property
    def described(self) -> Described:
        """What ``operation`` says of the handler of the request."""
        return self.described_as(self.request.method)

    @classmethod
    def described_as(cls, method: str | None) -> Described:
        """Return what ``operation`` says of the handler of ``method``."""
        handler = getattr(cls, "get" if method == "HEAD" else str(method).lower(), None)
        return getattr(handler, "described", Described())

    @classmethod
    def names_read(cls, method: str | None) -> set[str]:
        """Return the names that the query of ``method`` may have."""
        described = cls.described_as(method)
        names = set(described.parameters)
        filters = getattr(cls, "filterset_class", None)
        if described.is_filtered and filters is not None:
            names |= set(filters.base_filters)
        if described.is_list:
            names |= set(pagination.NAMES)
        if described.rows is not None and method in ("GET", "HEAD"):
            names.add("fields")
            if cls.expandable and listing.expansions_of(described.rows):
                names.add("expand")
        return names

    def one(self, row: Any, serializer_class: type[BaseSerializer[Any]]) -> Response:
        """Return one thing, in the shape that the query asks for."""
        shape = listing.asked(self.request.query_params, serializer_class, self.request.user)
        return Response(shape.represent([row])[0], content_type=shape.media_type)

    def page(
        self, queryset: QuerySet[Any], serializer_class: type[BaseSerializer[Any]]
    ) -> Response:
        """Return one page of ``queryset`` after the view's declared filters."""
        shape = listing.asked(self.request.query_params, serializer_class, self.request.user)
        rows = self.paginate_queryset(self.filter_queryset(shape.narrowed(queryset))) or []
        response = self.get_paginated_response(shape.represent(rows))
        response.content_type = shape.media_type
        return response


__all__ = ["ApiView", "Request", "Response"]
