"""Mail: an event in the outbox holds an id; what is written to whom is made when it is sent."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import make_msgid
from functools import partial
from smtplib import SMTPException
from uuid import UUID

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.validators import validate_email
from django.db import transaction

from platform_shared.outbox import services as outbox
from platform_shared.outbox.models import Event

SUBSCRIBER = "mail"
KEPT = timedelta(days=3)

logger = logging.getLogger(__name__)


class NotSent(RuntimeError):
    """The mail server could not be reached, or refused."""


@dataclass(frozen=True, slots=True)
class Message:
    """A mail to one address; the subject becomes a single line.

    Raises:
        ValidationError: ``to`` is not one plain address.
    """

    to: str
    subject: str
    text: str

    def __post_init__(self) -> None:
        validate_email(self.to)
        object.__setattr__(self, "subject", " ".join(self.subject.split()))


Render = Callable[[UUID, datetime], Message | None]


def register(kind: str, render: Render) -> None:
    """Have events of ``kind`` sent as what ``render(subject_id, now)`` returns; None: no mail.

    It runs bound to the event's club, in a transaction that commits before anything is sent, so
    a link that it makes works when the mail arrives. It runs again when sending has failed, and
    makes another. Text that strangers have typed does not belong into what it returns: whoever
    fills in a form with somebody else's address would write to them in our name.
    """
    outbox.subscribe(kind, SUBSCRIBER, partial(_send, render), transactional=False)


def send(*, kind: str, subject_id: UUID, now: datetime) -> None:
    """Have the mail of ``kind`` about ``subject_id`` sent once the caller's transaction commits.

    Raises:
        LookupError: nobody has registered how it reads.
    """
    if SUBSCRIBER not in outbox.subscribers(kind):
        raise LookupError(f"no mail of kind {kind!r} is registered")
    outbox.emit(kind=kind, subject_id=subject_id, now=now)


def is_waiting(*, kind: str, subject_id: UUID) -> bool:
    """Return whether a mail of ``kind`` about the subject has yet to be sent."""
    return outbox.is_waiting(kind=kind, subject_id=subject_id)


def _send(render: Render, event: Event, now: datetime) -> None:
    """Render and send; the outbox has it crossed off afterwards.

    Raises:
        NotSent: without the server's words, which may name the address.
    """
    if now - event.occurred_at > KEPT:
        logger.error("A mail was given up", extra={"event": str(event.pk), "kind": event.kind})
        return
    with transaction.atomic(durable=True):
        message = render(event.subject_id, now)
    if message is None:
        return
    mail = EmailMessage(
        subject=message.subject,
        body=message.text,
        to=[message.to],
        headers={
            "Auto-Submitted": "auto-generated",  # RFC 3834: no absence note answers it
            "Message-ID": make_msgid(domain=settings.BASE_DOMAIN),
        },
    )
    try:
        mail.send()
    except (SMTPException, OSError) as error:
        raise NotSent(type(error).__name__) from None
