"""Reading a file of customers: as a form's field, or as the body itself."""

from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.core.files.uploadedfile import TemporaryUploadedFile
from django.utils.datastructures import MultiValueDict
from rest_framework.parsers import BaseParser, MultiPartParser
from rest_framework.request import Request

from tenant_apps.customers.sheets import MAX_BYTES

# What a form has around the file.
ENVELOPE = 16 * 1024


def refuse_too_much(request: Request) -> None:
    """Refuse by the length that the client says; no server reads further than that.

    Raises:
        RequestDataTooBig: 413.
    """
    if int(request.META.get("CONTENT_LENGTH") or 0) > MAX_BYTES + ENVELOPE:
        raise RequestDataTooBig(f"At most {MAX_BYTES} bytes.")


class FormParser(MultiPartParser):
    """A form with a file in it, which is kept on disk, not in memory, when it is large."""

    def parse(self, stream: Any, *args: Any, **kwargs: Any) -> Any:
        refuse_too_much(self._request(*args, **kwargs))
        return super().parse(stream, *args, **kwargs)

    @staticmethod
    def _request(media_type: Any = None, parser_context: Any = None) -> Request:
        request: Request = parser_context["request"]
        return request


class CsvParser(BaseParser):
    """A body that is the file."""

    media_type = "text/csv"

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> Any:
        request: Request = (parser_context or {})["request"]
        refuse_too_much(request)
        file = TemporaryUploadedFile("body.csv", "text/csv", 0, None)
        # Django closes what a request has in its files, which so far are those of forms alone.
        vars(request._request)["_files"] = MultiValueDict({"file": [file]})
        while part := stream.read(64 * 1024):
            file.write(part)
        file.size = file.tell()
        file.seek(0)
        return {"file": file}
