"""The base of every view: access is declared, payloads and queries are strict, lists are pages."""

from typing import Any, ClassVar

from django.db.models import QuerySet
from django_filters.rest_framework import DjangoFilterBackend
from rest_framework.generics import GenericAPIView
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from platform_shared.kit import compression, idempotency, listing, pagination, preconditions
from platform_shared.kit.access import Rule
from platform_shared.kit.errors import FieldError, InvalidInput, PreconditionRequired
from platform_shared.kit.openapi import Described
from platform_shared.kit.ordering import Sort
from platform_shared.kit.preconditions import IF_MATCH, IF_NONE_MATCH, Precondition
from platform_shared.kit.principal import KeyPrincipal, Principal
from platform_shared.kit.serializers import StrictSerializer
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
    # What a list can be ordered by beside the id.
    orderings: ClassVar[tuple[Sort, ...]] = ()
    default_ordering: ClassVar[str] = "-id"
    # Whether `expand` is offered, where the rows' serializer has something to expand.
    expandable: ClassVar[bool] = True
    pagination_class = pagination.Pages
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
    def caller(self) -> Principal | KeyPrincipal:
        """The account or the program behind the request; only for views that are not public."""
        principal = self.request.user
        assert isinstance(principal, Principal | KeyPrincipal)
        return principal

    @property
    def account(self) -> Principal:
        """The account behind the request; only where no program gets in (``PROGRAMMABLE``)."""
        caller = self.caller
        assert isinstance(caller, Principal)
        return caller

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
        """Let in who may come in; refuse what nothing here reads; then look for a repeated call.

        Raises:
            InvalidInput: the query has an unknown name, or one twice. A filter with a slip of the
                pen in its name would otherwise show, or export, everything. Or there is a condition
                that cannot be read, or that nobody looks at.
            ValidationError: there is a body where none is taken.
        """
        super().initial(request, *args, **kwargs)
        self._require_known_query(request)
        self._read_conditions(request)
        if request.method not in SAFE_METHODS and not self.described.takes_body:
            request.body  # noqa: B018 - read as bytes first, it can be read again
            StrictSerializer(data=request.data).is_valid(raise_exception=True)
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
        self._say_deprecated(request, response)
        return response

    def _say_deprecated(self, request: Request, response: Any) -> None:
        """Say with every answer of a deprecated operation that it is one."""
        method = "get" if request.method == "HEAD" else str(request.method).lower()
        # The class's: of a call that may be a repeat, another handler stands before it here.
        deprecation = getattr(getattr(type(self), method, None), "deprecation", None)
        # What is kept for a repeat has been here before.
        if deprecation is not None and "Deprecation" not in response:
            said = deprecation.headers()
            links = [response["Link"]] if response.has_header("Link") else []
            for name, value in {**said, "Link": ", ".join([*links, said["Link"]])}.items():
                response[name] = value

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
