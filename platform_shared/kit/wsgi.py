"""What stands before Django: it reads a request's character set before any of our code runs."""

from collections.abc import Callable, Iterable
from typing import Any

Application = Callable[[dict[str, Any], Any], Iterable[bytes]]


def utf8_only(application: Application) -> Application:
    """Have every request read as UTF-8, whatever it says that it is.

    Django decodes even the query by the ``charset`` of the content type, while it makes the request
    and outside all middleware: one that is no text encoding (``zlib``, ``undefined``) would be an
    empty 500. JSON is UTF-8 (RFC 8259, 8.1), and so are addresses.
    """

    def utf8(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        given = environ.get("CONTENT_TYPE", "")
        if "charset" in given.lower():
            # Whole parts, so that nothing that is left can be one of them.
            kept = (part for part in given.split(";") if "charset" not in part.lower())
            environ["CONTENT_TYPE"] = ";".join(kept)
        return application(environ, start_response)

    return utf8
