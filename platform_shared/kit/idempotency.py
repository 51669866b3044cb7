"""``Idempotency-Key``: a call that is repeated has its effect once, and its first answer again.

Here is what of it is HTTP: which calls, the header, the request's fingerprint, the answer's form.
What keeps answers registers itself; nobody here knows it.
"""

import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.http import HttpResponse
from rest_framework.parsers import JSONParser
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request

from platform_shared.kit import access, clock
from platform_shared.kit.errors import DomainError, FieldError, InvalidInput

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
LONGEST_KEY = 255
KEY = re.compile(rf"[\x21-\x7e]{{1,{LONGEST_KEY}}}")  # visible ASCII
# Of an answer's headers, those that speak of what was done; the others are made for each answer.
KEPT_HEADERS = ("Content-Type", "Content-Disposition", "Cache-Control", "Location", "ETag")


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer as it was sent."""

    status: int
    headers: dict[str, str]
    body: bytes


# Called by name: user_id, key, fingerprint, carry_out, explain, now. Returns an earlier call's
# answer, or None: ``carry_out`` has answered this one, or ``explain`` its error.
Keeper = Callable[..., Answer | None]
_keepers: list[Keeper] = []
_refusals: list[type[DomainError]] = []


def register(keeper: Keeper, *refusals: type[DomainError]) -> None:
    """Have ``keeper`` keep the answers; ``refusals`` is what it raises."""
    _keepers[:], _refusals[:] = [keeper], refusals


def refusals() -> tuple[type[DomainError], ...]:
    """Return what a call that carries a key can be refused with."""
    return tuple(_refusals)


def is_honoured(view: Any, method: str) -> bool:
    """Tell whether ``view`` looks at the key of a call with the HTTP ``method``.

    A call that anybody may make has nobody whose key it could be.
    """
    if method in SAFE_METHODS or not view.honours_idempotency_key:
        return False
    return isinstance(access.rule_of(view, method), access.Permission)


def guard(view: Any, request: Request) -> None:
    """Have the view's handler run once for the request's key, if it has one and the view looks.

    Raises:
        InvalidInput: the key is none.
    """
    method = request.method or ""
    key = request.META.get("HTTP_IDEMPOTENCY_KEY")
    if key is None or not is_honoured(view, method):
        return
    if not KEY.fullmatch(key):
        detail = f"Must be 1 to {LONGEST_KEY} visible ASCII characters."
        raise InvalidInput(FieldError(HEADER, "invalid", detail))
    name = method.lower()
    handler, fingerprint = getattr(view, name), fingerprint_of(request)

    def once(request: Request, *args: Any, **kwargs: Any) -> HttpResponse:
        given: list[HttpResponse] = []

        def answer(response: HttpResponse) -> Answer:
            """Write the answer down, byte by byte, while its effects can still be undone."""
            given.append(_rendered(view, request, response, *args, **kwargs))
            return _answer_of(given[-1])

        earlier = _keepers[0](
            user_id=view.caller.actor.id,
            key=key,
            fingerprint=fingerprint,
            carry_out=lambda: answer(handler(request, *args, **kwargs)),
            explain=lambda error: answer(view.handle_exception(error)),
            now=clock.now(),
        )
        return given[-1] if earlier is None else _again(earlier)

    # Where DRF looks for the handler, after all checks have passed.
    setattr(view, name, once)


def fingerprint_of(request: Request) -> bytes:
    """Return a SHA-256 of the request's method, path, query and body.

    It tells requests apart and keeps nothing secret: a short password could be guessed from it.
    """
    digest = hashlib.sha256()
    for part in _parts_of(request):
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.digest()


def _parts_of(request: Any) -> Iterator[bytes]:
    yield request.method.encode()
    yield request.get_full_path().encode()
    parser = request.negotiator.select_parser(request, request.parsers)
    if parser is None or isinstance(parser, JSONParser):
        yield request._request.body
    else:
        # A form has another boundary each time it is sent, and a file may not fit into memory.
        yield from _fields_of(request.data)


def _fields_of(data: Any) -> Iterator[bytes]:
    for name in sorted(data):
        for value in data.getlist(name) if hasattr(data, "getlist") else [data[name]]:
            yield name.encode()
            if isinstance(value, UploadedFile):
                content = hashlib.sha256()
                for chunk in value.chunks():
                    content.update(chunk)
                value.seek(0)
                yield content.digest()
            else:
                yield str(value).encode()


def _rendered(
    view: Any, request: Request, response: HttpResponse, *args: Any, **kwargs: Any
) -> HttpResponse:
    final: Any = view.finalize_response(request, response, *args, **kwargs)
    if final.streaming:
        raise TypeError("an answer in parts cannot be kept: the view must not honour the key")
    return final.render() if hasattr(final, "render") else final  # type: ignore[no-any-return]


def _answer_of(response: HttpResponse) -> Answer:
    headers = {name: response[name] for name in KEPT_HEADERS if name in response}
    return Answer(response.status_code, headers, response.content)


def _again(answer: Answer) -> HttpResponse:
    response = HttpResponse(answer.body, status=answer.status)
    del response["Content-Type"]  # Django's own; an answer without a body has none
    for name, value in answer.headers.items():
        response[name] = value
    response[REPLAYED] = "true"
    return response
