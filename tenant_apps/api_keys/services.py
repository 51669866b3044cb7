"""API keys: making, renaming, rotating and revoking them. Each is written down with its actor."""

from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from platform_shared.kit import one_time
from platform_shared.kit.access import Permission
from platform_shared.kit.errors import FieldError, InvalidInput
from platform_shared.kit.ids import new_id
from platform_shared.kit.preconditions import UNCONDITIONAL, Precondition
from platform_shared.kit.principal import Actor, stamp
from platform_shared.tenancy import binding
from tenant_apps.api_keys import key_texts, lookups, selectors
from tenant_apps.api_keys.enums import KeyAction
from tenant_apps.api_keys.errors import ApiKeyEnded
from tenant_apps.api_keys.models import ApiKey, ApiKeyChange, effective


def create_key(
    *,
    name: str,
    permissions: Collection[str],
    expires_at: datetime | None,
    granted: frozenset[Permission],
    now: datetime,
    actor: Actor,
) -> tuple[ApiKey, str]:
    """Make a key that may do ``permissions``; return it and its text, which nobody sees again.

    ``granted`` is what its maker may do: a key never does more.

    Raises:
        InvalidInput: a permission that programs don't get or its maker doesn't have, or an end
            that has come.
    """
    wanted = sorted(set(permissions))
    problems = [
        FieldError("permissions", "permission_not_granted", f"{one} is not yours to give.")
        for one in wanted
        if one not in effective(wanted) & granted
    ]
    if expires_at is not None and expires_at <= now:
        problems.append(FieldError("expires_at", "in_the_past", "Must be in the future."))
    if problems:
        raise InvalidInput(*problems)
    key_id = new_id()
    text = key_texts.new_text(key_id)
    with transaction.atomic():
        key = ApiKey.objects.create(
            id=key_id,
            name=name,
            permissions=wanted,
            text_hash=one_time.digest(text),
            created_at=now,
            expires_at=expires_at,
            **stamp(actor),
        )
        _write_down(key, KeyAction.CREATED, now, actor)
    return key, text


def rename_key(
    *,
    key_id: UUID,
    name: str,
    now: datetime,
    actor: Actor,
    precondition: Precondition = UNCONDITIONAL,
) -> ApiKey:
    """Call a key by another name, which what it writes from now on is marked with.

    Locks: the key. Idempotent by: the name.

    Raises:
        NotFound: no such key.
        PreconditionFailed: it is no longer as the caller has seen it.
    """
    with transaction.atomic():
        key = selectors.lock_key(key_id)
        precondition.require(key)
        if key.name != name:
            key.name = name
            _save(key, ["name"], KeyAction.RENAMED, now, actor)
        return key


def rotate_key(
    *, key_id: UUID, overlap: timedelta, now: datetime, actor: Actor
) -> tuple[ApiKey, str]:
    """Give a key a new text; the one it had opens for ``overlap`` more, any older one no longer.

    Locks: the key.

    Raises:
        NotFound: no such key.
        ApiKeyEnded: there is nothing left to rotate.
    """
    with transaction.atomic():
        key = selectors.lock_key(key_id)
        if key.revoked_at is not None or (key.expires_at is not None and key.expires_at <= now):
            raise ApiKeyEnded
        text = key_texts.new_text(key.pk)
        key.former_hash, key.former_until = key.text_hash, now + overlap
        key.text_hash = one_time.digest(text)
        fields = ["text_hash", "former_hash", "former_until"]
        _save(key, fields, KeyAction.ROTATED, now, actor)
        return key, text


def revoke_key(*, key_id: UUID, now: datetime, actor: Actor) -> ApiKey:
    """End a key for good; every process refuses it from the next request on.

    Locks: the key. Idempotent by: the key, whose first revocation stands.

    Raises:
        NotFound: no such key.
    """
    with transaction.atomic():
        key = selectors.lock_key(key_id)
        if key.revoked_at is None:
            key.revoked_at = now
            _save(key, ["revoked_at"], KeyAction.REVOKED, now, actor)
        return key


def _save(key: ApiKey, fields: list[str], action: KeyAction, now: datetime, actor: Actor) -> None:
    key.save(update_fields=fields)
    _write_down(key, action, now, actor)
    scope = binding.scope()
    transaction.on_commit(lambda: lookups.forget(key.pk, scope=scope))


def _write_down(key: ApiKey, action: KeyAction, now: datetime, actor: Actor) -> None:
    ApiKeyChange.objects.create(
        key=key, action=action, name=key.name, occurred_at=now, **stamp(actor)
    )
