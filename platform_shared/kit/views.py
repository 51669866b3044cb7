"""The base of every view: access is declared, payloads are strict, lists are pages."""

from typing import Any, ClassVar

from django.db.models import QuerySet
from django_filters.rest_framework import DjangoFilterBackend
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from platform_shared.kit.access import Rule
from platform_shared.kit.pagination import NewestFirst
from platform_shared.kit.principal import Principal


class ApiView(GenericAPIView[Any]):
    """A view that says who may call each of its methods.

    ``access`` maps an HTTP method to a permission (or ``Open.PUBLIC``); what it leaves out is
    denied. ``allowed_when_suspended`` keeps the view open while the club is suspended.
    """

    # Without OPTIONS: every answer has an Allow header, and the documents say the rest.
    http_method_names = ["get", "post", "put", "patch", "delete", "head"]
    access: ClassVar[dict[str, Rule]] = {}
    allowed_when_suspended: ClassVar[bool] = False
    pagination_class = NewestFirst
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

    def page(
        self, queryset: QuerySet[Any], serializer_class: type[BaseSerializer[Any]]
    ) -> Response:
        """Return one page of ``queryset`` after the view's declared filters."""
        rows = self.paginate_queryset(self.filter_queryset(queryset))
        return self.get_paginated_response(serializer_class(rows, many=True).data)


__all__ = ["ApiView", "Request", "Response"]
