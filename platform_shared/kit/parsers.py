"""Reading payloads."""

import json
import math
from collections import Counter
from typing import Any

from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser


class BoundedJSONParser(JSONParser):
    """JSON in its strict form (RFC 8259), as far as Python can follow it.

    DRF's parser lets pass what readers understand in different ways, and so could be used to say
    one thing to a proxy and another to us: a name that is twice in one object (the last one wins
    here, the first one elsewhere), and a number too large for our arithmetic (``1e400``).
    """

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        # JSON is UTF-8 (RFC 8259, 8.1), whatever the content type says: Python's other encodings
        # inflate, or make no text at all.
        try:
            return json.loads(
                stream.read().decode("utf-8"),
                object_pairs_hook=_object,
                parse_float=_finite,
                parse_constant=_finite,
            )
        except RecursionError as error:
            raise ParseError("JSON parse error - nested too deeply") from error
        except ValueError as error:
            raise ParseError(f"JSON parse error - {error}") from error


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = next(
            name for name, times in Counter(name for name, _ in pairs).items() if times > 1
        )
        raise ValueError(f"{twice[:60]!a} is twice in one object")
    return found


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text[:60]} is out of range")
    return number
