"""The base of every view: access is declared, payloads and queries are strict, lists are pages."""

from typing import Any, ClassVar

from django.db.models import QuerySet
from django_filters.rest_framework import DjangoFilterBackend
from rest_framework.generics import GenericAPIView
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from platform_shared.kit import compression, idempotency, preconditions
from platform_shared.kit.access import Rule
from platform_shared.kit.errors import FieldError, InvalidInput, PreconditionRequired
from platform_shared.kit.pagination import NewestFirst
from platform_shared.kit.preconditions import IF_MATCH, IF_NONE_MATCH, Precondition
from platform_shared.kit.principal import Principal
from platform_shared.kit.throttles import Tally, Throttle


class ApiView(GenericAPIView[Any]):
    """A view that says who may call each of its methods.

    ``access`` maps an HTTP method to a permission (or ``Open.PUBLIC``); what it leaves out is
    denied. ``allowed_when_suspended`` keeps the view open while the club is suspended.
    ``throttles`` say how often one may be wrong here, or ask.
    """

    # Without OPTIONS: every answer has an Allow header, and the documents say the rest.
    http_method_names = ["get", "post", "put", "patch", "delete", "head"]
    access: ClassVar[dict[str, Rule]] = {}
    allowed_when_suspended: ClassVar[bool] = False
    # An unsafe method that is not public is carried out once for a key; False: it ignores the key.
    honours_idempotency_key: ClassVar[bool] = True
    throttles: ClassVar[tuple[Throttle, ...]] = ()
    # Whether whoever forges access tokens is told 429 after a while: not at the door.
    counts_forged_tokens: ClassVar[bool] = True
    tally: Tally | None = None
    # What GET shows of one thing and PATCH changes: its answers have an ETag, and ``precondition``
    # is what the client asks by If-Match. ``must_match`` lists methods that are refused without.
    tagged_as: ClassVar[type[BaseSerializer[Any]] | None] = None
    must_match: ClassVar[tuple[str, ...]] = ()
    # Secrets are not to be kept by browsers, nor compressed beside what somebody else may choose
    # (BREACH).
    has_secrets: ClassVar[bool] = False
    # What a list reads from its query beside its filters and its page.
    query_names: ClassVar[tuple[str, ...]] = ()
    # None where the rows come all at once; then there is no page to ask for either.
    pagination_class: type[NewestFirst] | None = NewestFirst
    queryset: Any = None
    # The tags in If-None-Match; None is any.
    _seen: frozenset[str] | None = frozenset()

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        # Where there is nothing to filter by, there is nothing to describe.
        declared = getattr(cls, "filterset_class", None) is not None
        cls.filter_backends = (DjangoFilterBackend,) if declared else ()

    def handle_exception(self, exc: Exception) -> Response:
        return super().handle_exception(self.tally.failed(exc) if self.tally else exc)

    @property
    def caller(self) -> Principal:
        """The account behind the request; only for views that are not public."""
        principal = self.request.user
        assert isinstance(principal, Principal)
        return principal

    @property
    def precondition(self) -> Precondition:
        """What the service has to ask before it changes the thing that is ``tagged_as``.

        Raises:
            InvalidInput: ``If-Match`` cannot be read.
            PreconditionRequired: there is none, and the method needs one.
        """
        given = self.request.headers.get(IF_MATCH)
        if given is None:
            if self.request.method in self.must_match:
                raise PreconditionRequired
            return preconditions.UNCONDITIONAL
        look = self.tagged_as
        assert look is not None
        return Precondition(preconditions.parse(IF_MATCH, given), lambda row: look(row).data)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Check who calls and what for; then, and not before, look whether the call is a repeat."""
        super().initial(request, *args, **kwargs)
        self._read_conditions(request)
        idempotency.guard(self, request)

    def _read_conditions(self, request: Request) -> None:
        """Refuse a condition that nothing here would look at: its client counts on it."""
        if request.method in SAFE_METHODS:
            if self.tagged_as is not None and "HTTP_IF_NONE_MATCH" in request.META:
                self._seen = preconditions.parse(IF_NONE_MATCH, request.headers[IF_NONE_MATCH])
            return
        ignored = [IF_NONE_MATCH] if "HTTP_IF_NONE_MATCH" in request.META else []
        if self.tagged_as is None and "HTTP_IF_MATCH" in request.META:
            ignored.append(IF_MATCH)
        if ignored:
            raise InvalidInput(
                *(FieldError(name, "not_supported", "Not looked at here.") for name in ignored)
            )

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        tagged = self.tagged_as is not None and isinstance(response, Response)
        if tagged and response.status_code == 200:
            response = self._tagged(response)
        if request.method in SAFE_METHODS and not self.has_secrets:
            compression.allow(response)
        response = super().finalize_response(request, response, *args, **kwargs)
        if self.tally:
            self.tally.answered(response)
        return response

    def _tagged(self, response: Response) -> Response:
        """Return the answer with its ETag, or 304 when the client has it already."""
        tag = preconditions.tag_of(response.data)
        if preconditions.names(self._seen, tag):
            response = Response(status=304, headers=response.headers)
        response["ETag"] = tag
        response["Cache-Control"] = f"private, no-{'store' if self.has_secrets else 'cache'}"
        return response

    def valid(self, serializer_class: type[BaseSerializer[Any]], **kwargs: Any) -> Any:
        """Return the validated payload, or raise naming every field that is wrong."""
        serializer = serializer_class(data=self.request.data, **kwargs)
        serializer.is_valid(raise_exception=True)
        return serializer.validated_data

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
