"""What stands before Django: it reads a request's character set before any of our code runs."""

import re
from collections.abc import Callable, Iterable
from typing import Any

Application = Callable[[dict[str, Any], Any], Iterable[bytes]]
_CHARSET = re.compile(r';\s*charset\*?\s*=\s*("[^"]*"|[^;]*)', re.IGNORECASE)


def utf8_only(application: Application) -> Application:
    """Have every request read as UTF-8, whatever it says that it is.

    Django decodes even the query by the ``charset`` of the content type, while it makes the request
    and outside all middleware: one that is no text encoding (``zlib``, ``undefined``) would be an
    empty 500. JSON is UTF-8 (RFC 8259, 8.1), and so are addresses.
    """

    def utf8(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        given = environ.get("CONTENT_TYPE", "")
        if "charset" in given.lower():
            environ["CONTENT_TYPE"] = _CHARSET.sub("", given)
        return application(environ, start_response)

    return utf8
