"""The base of every view: access is declared, payloads and queries are strict, lists are pages."""

from typing import Any, ClassVar

from django.db.models import QuerySet
from django_filters.rest_framework import DjangoFilterBackend
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from platform_shared.kit.access import Rule
from platform_shared.kit.errors import FieldError, InvalidInput
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
    # What a list reads from its query beside its filters and its page.
    query_names: ClassVar[tuple[str, ...]] = ()
    # None where the rows come all at once; then there is no page to ask for either.
    pagination_class: type[NewestFirst] | None = NewestFirst
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

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        """Say with every answer of a deprecated operation that it is one."""
        answer = super().finalize_response(request, response, *args, **kwargs)
        method = "get" if request.method == "HEAD" else str(request.method).lower()
        deprecation = getattr(getattr(self, method, None), "deprecation", None)
        if deprecation is not None:
            said = deprecation.headers()
            links = [answer["Link"], said["Link"]] if answer.has_header("Link") else [said["Link"]]
            for name, value in {**said, "Link": ", ".join(links)}.items():
                answer[name] = value
        return answer

    def filter_queryset(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Return the rows that the view's declared filters let through.

        Raises:
            InvalidInput: the query has a name that nothing here reads. A filter with a slip of the
                pen in its name would otherwise show, or export, everything.
        """
        unknown = sorted(set(self.request.query_params) - self._known_names())
        if unknown:
            raise InvalidInput(
                *(FieldError(name, "unknown_parameter", "Unknown parameter.") for name in unknown)
            )
        return super().filter_queryset(queryset)

    def _known_names(self) -> set[str]:
        declared = getattr(self, "filterset_class", None)
        names = {*self.query_names, *(declared.base_filters if declared else ())}
        if self.pagination_class is not None:
            pages = self.pagination_class
            names |= {pages.cursor_query_param, pages.page_size_query_param}
        return names

    def page(
        self, queryset: QuerySet[Any], serializer_class: type[BaseSerializer[Any]]
    ) -> Response:
        """Return one page of ``queryset`` after the view's declared filters."""
        rows = self.paginate_queryset(self.filter_queryset(queryset))
        return self.get_paginated_response(serializer_class(rows, many=True).data)


__all__ = ["ApiView", "Request", "Response"]
