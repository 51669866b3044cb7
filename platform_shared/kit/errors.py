"""Domain errors: each names a fact, and carries a permanent code, a status and a title."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, ClassVar


class DomainError(Exception):
    """The base of every error that a client is told about; subclasses are the registry.

    ``extras`` are members of the problem document beside the standard ones; ``members`` says what
    each of them means, by name; ``headers`` go with it. ``inner_code`` tells apart, for throttles
    alone, what clients are to see as one. A subclass's docstring is read by integrators, in
    ``docs/errors.md``.
    """

    code: ClassVar[str]
    status: ClassVar[int]
    title: ClassVar[str]
    members: ClassVar[Mapping[str, str]] = MappingProxyType({})
    headers: Mapping[str, str] = {}
    inner_code = ""

    def __init__(self, detail: str | None = None, **extras: Any) -> None:
        self.detail = detail or self.title
        self.extras = extras
        super().__init__(self.detail)


class NotFound(DomainError):
    """The thing does not exist, or not for this caller."""

    code, status, title = "not_found", 404, "Not found"


class Forbidden(DomainError):
    """The caller is known and may not do this."""

    code, status, title = "forbidden", 403, "Not allowed"


class Unauthenticated(DomainError):
    """The caller is not known: no token, or one that opens nothing here."""

    code, status, title = "not_authenticated", 401, "Authentication required"


class TooManyRequests(DomainError):
    """A budget is used up; ``headers`` say which, and when there is one more."""

    code, status, title = "too_many_requests", 429, "Too many requests"

    def __init__(
        self, detail: str | None = None, *, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(detail)
        self.headers = headers or {"Retry-After": "1"}


class PreconditionFailed(DomainError):
    """What the client has seen is no longer what is there: it reads it again, then decides."""

    code, status, title = "precondition_failed", 412, "It has changed meanwhile"


class PreconditionRequired(DomainError):
    """The thing is replaced as a whole, so the client has to say which state it replaces."""

    code, status, title = "precondition_required", 428, "If-Match is required here"


@dataclass(frozen=True, slots=True)
class FieldError:
    """One thing that is wrong with one field of the payload."""

    field: str
    code: str
    detail: str


class InvalidInput(DomainError):
    """The payload is understood and wrong; ``errors`` names each field."""

    code, status, title = "invalid_input", 400, "The request is not valid"
    members = {"errors": "each with `field` (dotted, or `body`), `code` (below) and `detail`"}

    def __init__(self, *errors: FieldError) -> None:
        super().__init__("; ".join(f"{e.field}: {e.detail}" for e in errors))
        self.errors = errors


def missing_reference(field: str) -> InvalidInput:
    """Return the error for a field that names something which does not exist here."""
    return InvalidInput(FieldError(field, "does_not_exist", "No such object in this club."))
