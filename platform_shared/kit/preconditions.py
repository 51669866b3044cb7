"""What a client has seen of a thing: entity tags, ``If-Match`` and ``If-None-Match`` (RFC 9110).

A tag is the keyed hash of the representation that its caller gets, so it changes exactly when that
does, differs between roles that are shown different things, and says nothing to who has only it.
"""

import base64
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.utils.crypto import salted_hmac
from rest_framework.utils.encoders import JSONEncoder

from platform_shared.kit.errors import FieldError, InvalidInput, PreconditionFailed

IF_MATCH = "If-Match"
IF_NONE_MATCH = "If-None-Match"
_ONE = r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"'
_TAG = re.compile(_ONE)
# As in a list of RFC 9110, 5.6.1; elements may be empty.
_TAGS = re.compile(rf"[ \t,]*{_ONE}(?:[ \t]*,[ \t,]*{_ONE})*[ \t,]*")
# What a client may send where a pattern is asked for: without the leniency that we owe old ones.
PATTERN = r'^(\*|(W/)?"[!#-~]*"(, *(W/)?"[!#-~]*")*)$'
# A full stop, which no tag of ours has: so none ends like that by chance.
_CODED = re.compile(r'\.gzip"\Z')


def tag_of(representation: Any) -> str:
    """Return the strong entity tag of a representation, whatever the order of its members."""
    text = json.dumps(representation, cls=JSONEncoder, sort_keys=True, separators=(",", ":"))
    digest = salted_hmac("qr-checkin.etag", text, algorithm="sha256").digest()
    return f'"{base64.urlsafe_b64encode(digest[:18]).decode()}"'


def coded(tag: str, coding: str) -> str:
    """Return the strong tag of the same representation in a content coding (RFC 9110, 8.8.3.3)."""
    return f'{tag[:-1]}.{coding}"'


def parse(header: str, given: str) -> frozenset[str] | None:
    """Return the tags of a header's value, weak ones with their ``W/``; None for ``*``.

    A tag of a coded representation counts as that of the representation itself: whoever has seen
    it compressed has seen it.

    Raises:
        InvalidInput: naming the header.
    """
    if given.strip(" \t") == "*":
        return None
    if not _TAGS.fullmatch(given):
        detail = 'Entity tags in quotes, like "abc", with commas between them, or *.'
        raise InvalidInput(FieldError(header, "malformed", detail))
    return frozenset(_CODED.sub('"', tag) for tag in _TAG.findall(given))


def names(tags: frozenset[str] | None, tag: str) -> bool:
    """Return whether ``If-None-Match`` names the tag; weakly compared, so ``W/`` is no matter."""
    return tags is None or tag in tags or f"W/{tag}" in tags


@dataclass(frozen=True, slots=True)
class Precondition:
    """The state that a change is meant for; a service asks it once the row is locked.

    ``expected`` is None where any state will do. Tags are compared strongly: a weak one is none.
    """

    expected: frozenset[str] | None
    represent: Callable[[Any], Any]

    def require(self, current: Any) -> None:
        """Refuse a change that was made up for something else than the ``current`` row.

        Raises:
            PreconditionFailed: it looks different by now to the one who changes it.
        """
        if self.expected is None or tag_of(self.represent(current)) in self.expected:
            return
        raise PreconditionFailed("Read it again: the tag in If-Match is not that of what is there.")


UNCONDITIONAL = Precondition(None, lambda current: current)
