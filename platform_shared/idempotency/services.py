"""Carrying a request out once, and answering what repeats it.

The answer is kept in the transaction of the effect. Whenever a process dies, both are there or
neither is, and the repeat is right.
"""

import hashlib
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.db import transaction

from platform_shared.due_work import services as due_work
from platform_shared.idempotency.errors import (
    IdempotencyKeyInProgress,
    IdempotencyKeyReused,
    IdempotentAnswerLost,
)
from platform_shared.idempotency.models import KeptAnswer
from platform_shared.kit import locks, vault
from platform_shared.kit.errors import DomainError
from platform_shared.kit.idempotency import Answer
from platform_shared.tenancy import binding
from platform_shared.tenancy.club_ref import ClubRef

LIFETIME = timedelta(hours=24)
# What the rules made of a request that was understood and allowed. Any other refusal has had no
# effect and may be another one next time: it is not kept.
FINAL_REFUSALS = (409, 410, 422)
EXPIRY = "idempotency.expiry"
BATCH = 1_000


def answer_once(
    *,
    user_id: UUID,
    key: str,
    fingerprint: bytes,
    carry_out: Callable[[], Answer],
    explain: Callable[[Exception], Answer],
    now: datetime,
) -> Answer | None:
    """Return the kept answer of an earlier request, or carry this one out and keep its answer.

    ``carry_out`` runs in a savepoint of its own: what it wrote before it raised is undone.
    ``explain`` makes an answer of its error, asked for where that answer is kept. Whatever else it
    raises comes through, and nothing is left.

    Locks: the key (advisory), before everything else, and nobody waits for it; then what
    ``carry_out`` locks; last the hour's entry of due work.
    Idempotent by: account and key in the bound schema, for 24 hours.

    Raises:
        IdempotencyKeyInProgress: a request with this key is being carried out.
        IdempotencyKeyReused: the key belongs to another request.
        IdempotentAnswerLost: no master key opens the answer.
    """
    key_hash = hashlib.sha256(key.encode()).digest()
    with transaction.atomic(durable=True):
        if not locks.try_take("idempotency", binding.scope(), str(user_id), key_hash.hex()):
            raise IdempotencyKeyInProgress
        # A statement of its own, so it sees what the lock's last holder has committed.
        kept = _find(user_id, key_hash, now)
        if kept is not None:
            return _open(kept, fingerprint)
        try:
            with transaction.atomic():
                answer = carry_out()
        except DomainError as error:
            if error.status not in FINAL_REFUSALS:
                raise
            answer = explain(error)
        _keep(user_id, key_hash, fingerprint, answer, now)
        return None


def _find(user_id: UUID, key_hash: bytes, now: datetime) -> KeptAnswer | None:
    """Return what is kept for the key; what is too old goes, if it has not gone yet."""
    kept = KeptAnswer.objects.filter(user_id=user_id, key_hash=key_hash).first()
    if kept is not None and kept.expires_at <= now:
        kept.delete()
        return None
    return kept


def _keep(
    user_id: UUID, key_hash: bytes, fingerprint: bytes, answer: Answer, now: datetime
) -> None:
    about = {"request": fingerprint.hex(), "status": answer.status, "headers": answer.headers}
    # JSON has no line break of its own: the first one ends it.
    content = json.dumps(about).encode() + b"\n" + answer.body
    expires_at = now + LIFETIME
    KeptAnswer.objects.create(
        user_id=user_id,
        key_hash=key_hash,
        sealed_answer=vault.configured().seal(content, context=_context(user_id, key_hash)),
        expires_at=expires_at,
    )
    if isinstance(binding.current(), ClubRef):
        # One entry for all that expires within an hour, which is its subject.
        hours = int(expires_at.timestamp()) // 3600 + 1
        due_at = datetime.fromtimestamp(hours * 3600, UTC)
        due_work.schedule_once(kind=EXPIRY, subject_id=UUID(int=hours), due_at=due_at)


def _open(kept: KeptAnswer, fingerprint: bytes) -> Answer:
    context = _context(kept.user_id, bytes(kept.key_hash))
    try:
        content = vault.configured().open(bytes(kept.sealed_answer), context=context)
    except vault.VaultError as error:
        # What it was sealed with is gone. The request may have been carried out: not again.
        raise IdempotentAnswerLost from error
    about, _, body = content.partition(b"\n")
    said = json.loads(about)
    if said["request"] != fingerprint.hex():
        raise IdempotencyKeyReused
    return Answer(said["status"], said["headers"], body)


def _context(user_id: UUID, key_hash: bytes) -> str:
    """Return what a sealed answer is bound to: this schema, this purpose, this caller's key."""
    return f"{binding.scope()}/idempotency/{user_id}/{key_hash.hex()}"


def expire(hour_id: UUID, now: datetime) -> None:
    """Delete what has expired in the bound club; come back at once where there is more.

    The handler of due work. Idempotent by: the rows, which are gone.
    """
    if forget_expired(now=now) == BATCH:
        due_work.schedule(kind=EXPIRY, subject_id=hour_id, due_at=now)


def forget_expired(*, now: datetime) -> int:
    """Delete some of the bound schema's answers that have expired; return how many.

    Locks: the answers, skipping those that somebody deletes already.
    """
    with transaction.atomic():
        expired = KeptAnswer.objects.select_for_update(skip_locked=True).filter(expires_at__lte=now)
        ids = list(expired.order_by("expires_at").values_list("pk", flat=True)[:BATCH])
        KeptAnswer.objects.filter(pk__in=ids).delete()
        return len(ids)
