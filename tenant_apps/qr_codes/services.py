from collections.abc import Sequence
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Literal
from uuid import UUID

from django.db import transaction

from platform_shared.clubs import selectors as club_selectors
from platform_shared.kit import pdf
from platform_shared.kit.errors import DomainError, FieldError, InvalidInput, missing_reference
from platform_shared.kit.preconditions import UNCONDITIONAL, Precondition
from platform_shared.kit.principal import Actor, stamp
from platform_shared.tenancy import binding
from tenant_apps.customers import selectors as customer_selectors
from tenant_apps.qr_codes import cards, keys, kinds, selectors, tokens
from tenant_apps.qr_codes.enums import CodeKind, Paper
from tenant_apps.qr_codes.errors import (
    CodeKindNotAccepted,
    CodeNotActive,
    CodeRevoked,
    ExpiryIsSigned,
    TextNotPrintable,
)
from tenant_apps.qr_codes.models import QRCode

if TYPE_CHECKING:
    from platform_shared.clubs.models import Club


class Unchanged(Enum):
    """What is given for an expiry that stays as it is: None means never."""

    EXPIRY = "expiry"


type Expiry = datetime | Literal[Unchanged.EXPIRY] | None


def issue_code(
    *,
    customer_id: UUID,
    expires_at: datetime | None,
    now: datetime,
    actor: Actor,
    subscription_id: UUID | None = None,
    label: str = "",
) -> QRCode:
    """Issue a new static code; the customer's others stay as they are.

    ``label`` tells several codes of a customer apart ("card", "spare key").

    Locks: the customer.

    Raises:
        InvalidInput: no such customer, or the expiry has passed or cannot be written in a code.
        CodeKindNotAccepted: the club's doors take no static codes.
        CustomerMerged: the customer is another by now.
    """
    setting = club_selectors.accepts_static_codes(binding.current_club().id)
    if CodeKind.STATIC not in kinds.accepted(accepts_static_codes=setting):
        raise CodeKindNotAccepted("The club's doors do not accept static codes.")
    if expires_at is not None:
        expires_at = expires_at.replace(microsecond=0)  # a code counts whole seconds
        if not now < expires_at or expires_at.timestamp() > 2**32 - 1:
            raise InvalidInput(
                FieldError("expires_at", "out_of_range", "Must lie between now and 2106.")
            )
    with transaction.atomic():
        customer_selectors.lock_named(customer_id)
        return QRCode.objects.create(
            customer_id=customer_id,
            subscription_id=subscription_id,
            kind=CodeKind.STATIC,
            label=label,
            signing_key=keys.signing_key(),
            expires_at=expires_at,
            created_at=now,
            **stamp(actor),
        )


def find_or_issue(
    *, customer_id: UUID, subscription_id: UUID, now: datetime, actor: Actor
) -> QRCode:
    """Return the customer's active code, or issue one with the subscription.

    Runs in the caller's transaction, which holds the customer's lock.
    """
    active = selectors.find_active(customer_id, now)
    return active or issue_code(
        customer_id=customer_id,
        subscription_id=subscription_id,
        expires_at=None,
        now=now,
        actor=actor,
    )


def change_code(
    *,
    code_id: UUID,
    now: datetime,
    is_active: bool | None = None,
    label: str | None = None,
    expires_at: Expiry = Unchanged.EXPIRY,
    precondition: Precondition = UNCONDITIONAL,
) -> QRCode:
    """Relabel a code, or revoke it, for good.

    Locks: the code. Idempotent by: the revocation itself.

    Raises:
        NotFound: no such code.
        PreconditionFailed: it is no longer as the caller has seen it.
        CodeRevoked: it was to be made active again.
        ExpiryIsSigned: it was to expire at another time than its text says.
    """
    with transaction.atomic():
        code = selectors.lock_code(code_id)
        precondition.require(code)
        if is_active and code.revoked_at is not None:
            raise CodeRevoked
        if expires_at not in (Unchanged.EXPIRY, code.expires_at):
            raise ExpiryIsSigned(
                "The code carries its expiry, on paper too. Reissue it with another one: "
                f"POST /api/v1/qr-codes/{code_id}/reissue."
            )
        if is_active is False and code.revoked_at is None:
            code.revoked_at = now
        if label is not None:
            code.label = label
        code.save(update_fields=["revoked_at", "label"])
    return selectors.get_code(code_id)


def reissue_code(
    *,
    code_id: UUID,
    now: datetime,
    actor: Actor,
    expires_at: Expiry = Unchanged.EXPIRY,
    label: str | None = None,
) -> QRCode:
    """Replace a code that is lost or to expire at another time.

    It is revoked, and its customer gets a new one like it, but for the expiry and label given.

    Locks: the customer, then the code.
    Idempotent by: the revocation; a second call is refused instead of issuing a third code.

    Raises:
        NotFound: no such code.
        CodeRevoked: it has been revoked or replaced before.
        InvalidInput: the new one would have expired.
        CodeKindNotAccepted: the club's doors take no static codes.
    """
    with transaction.atomic():
        customer_selectors.lock_customer(selectors.get_code(code_id).customer_id)
        code = selectors.lock_code(code_id)
        if code.revoked_at is not None:
            raise CodeRevoked("The code has been revoked or replaced before.")
        code.revoked_at = now
        code.save(update_fields=["revoked_at"])
        return issue_code(
            customer_id=code.customer_id,
            subscription_id=code.subscription_id,
            expires_at=code.expires_at if expires_at is Unchanged.EXPIRY else expires_at,
            label=code.label if label is None else label,
            now=now,
            actor=actor,
        )


def draw(code: QRCode) -> str:
    """Return the code's text; the same every time, since Ed25519 is deterministic (RFC 8032)."""
    return tokens.issue_static(
        private_key=keys.private_key_of(code.signing_key),
        code_id=code.id,
        expires_at=code.expires_at,
    )


def print_cards(*, code_ids: Sequence[UUID], paper: Paper, now: datetime) -> bytes:
    """Return a PDF of one card for each code, in this order, and note that they were printed.

    A code given twice is printed twice.

    Locks: the codes, when the PDF is there.

    Raises:
        InvalidInput: some of them are unknown, open no door, or have a text that cannot be drawn;
            each is named as ``codes.<index>``, and nothing is printed.
    """
    club = club_selectors.get_club(binding.current_club().id)
    ready: list[cards.Card] = []
    faults: list[FieldError] = []
    for index, code in enumerate(selectors.in_order(code_ids)):
        field = f"codes.{index}"
        if code is None:
            faults += missing_reference(field).errors
            continue
        try:
            ready.append(_card_of(code, club, now))
        except DomainError as fault:
            faults.append(FieldError(field, fault.code, fault.detail))
    if faults:
        raise InvalidInput(*faults)
    printed = cards.render(ready, paper=paper, title=club.name, now=now)
    with transaction.atomic():
        locked = [code.pk for code in selectors.lock_codes(code_ids)]
        QRCode.objects.filter(pk__in=locked).update(printed_at=now)
    return printed


def draw_card(code: QRCode, *, now: datetime) -> bytes:
    """Return a PDF of the code's card, in the card's own size.

    Raises:
        CodeNotActive: no door would accept it.
        TextNotPrintable: it has characters that no font here draws.
    """
    club = club_selectors.get_club(binding.current_club().id)
    card = _card_of(code, club, now)
    return cards.render([card], paper=Paper.CARD, title=club.name, now=now)


def _card_of(code: QRCode, club: "Club", now: datetime) -> cards.Card:
    if not code.is_active_at(now):
        raise CodeNotActive("It is revoked, has expired, or its key is retired.")
    card = cards.Card(
        club=pdf.plain(club.name),
        holder=pdf.plain(code.customer.name),
        label=pdf.plain(code.label),
        expiry=cards.expiry_text(code.expires_at, time_zone=club.time_zone, locale=club.locale),
        code=draw(code),
    )
    if missing := pdf.missing(card.texts):
        raise TextNotPrintable(f"No font here has these characters: {' '.join(missing)}")
    return card
