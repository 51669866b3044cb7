"""What sends mail where Django has nothing that fits: into a club's own folder, or nowhere."""

import email.policy
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any, cast

from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.core.mail.backends.filebased import EmailBackend as FileBackend

from platform_shared.tenancy import binding

READABLE = email.policy.default.clone(cte_type="8bit", max_line_length=10_000)
logger = logging.getLogger(__name__)


class ClubFileBackend(FileBackend):
    """Writes mail to files below ``<file_path>/<scope>/``, as ``ClubFileStorage`` does."""

    def __init__(self, *, file_path: str, **kwargs: Any) -> None:
        super().__init__(file_path=str(Path(file_path) / binding.scope()), **kwargs)

    def write_message(self, message: EmailMessage) -> None:
        """Write it as it reads: a long link in one piece."""
        stream = cast("IO[bytes]", self.stream)
        stream.write(message.message(policy=READABLE).as_bytes() + b"\n")


class OffBackend(BaseEmailBackend):
    """Sends nothing, and says so: what an installation without ``EMAIL_URL`` has."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        logger.warning("Mail is off: EMAIL_URL is not set")
        return 0
