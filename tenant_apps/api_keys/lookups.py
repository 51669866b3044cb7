"""Whether a key opens: asked on every request, so cached in two levels, as sessions are."""

import hmac
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Self
from uuid import UUID

from platform_shared.kit import one_time
from platform_shared.kit.principal import KeyPrincipal
from platform_shared.kit.shared_cache import SharedCache
from platform_shared.tenancy import binding
from platform_shared.tenancy.club_ref import ClubRef
from tenant_apps.api_keys import key_texts, usage
from tenant_apps.api_keys.models import ApiKey, effective


@dataclass(frozen=True, slots=True)
class KeyState:
    """A key that is not revoked: the digests of what opens it, and until when."""

    name: str
    permissions: list[str]
    digest: str
    former_digest: str
    former_until: float
    expires_at: float | None

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        return cls(**data)

    def opens_to(self, text: str, now: float) -> bool:
        """Return whether ``text`` is the key's, in a time that tells nothing of it."""
        if self.expires_at is not None and self.expires_at <= now:
            return False
        given = one_time.digest(text).hex()
        is_current = hmac.compare_digest(given, self.digest)
        is_former = hmac.compare_digest(given, self.former_digest)
        return is_current or (is_former and now < self.former_until)


_states: SharedCache[KeyState] = SharedCache(
    "api_key", to_json=KeyState.to_json, from_json=KeyState.from_json
)


def _key(key_id: UUID, scope: str) -> str:
    return f"{scope}:{key_id}"


def find_principal(text: str, *, now: datetime) -> KeyPrincipal | None:
    """Return the program whose key this is, or None when it opens nothing at whoever is bound.

    A key is a row of its club: at another club, and at the platform, it is unknown.
    """
    club, key_id = binding.current(), key_texts.id_in(text)
    if key_id is None or not isinstance(club, ClubRef):
        return None
    state = _states.get(_key(key_id, binding.scope()), lambda: _load(key_id))
    if state is None or not state.opens_to(text, now.timestamp()):
        return None
    usage.note(club, key_id, now)
    return KeyPrincipal(
        key_id=key_id, name=state.name, permissions=effective(state.permissions), club_id=club.id
    )


def forget(key_id: UUID, *, scope: str) -> None:
    """Make every process ask the database again; call it after the commit.

    ``scope`` is that of the key (``binding.scope``): hooks run when somebody else is bound.
    """
    _states.invalidate(_key(key_id, scope))


def _load(key_id: UUID) -> KeyState | None:
    row = ApiKey.objects.filter(pk=key_id, revoked_at=None).first()
    if row is None:
        return None
    return KeyState(
        name=row.name,
        permissions=row.permissions,
        digest=bytes(row.text_hash).hex(),
        former_digest=bytes(row.former_hash or b"").hex(),
        former_until=0.0 if row.former_until is None else row.former_until.timestamp(),
        expires_at=None if row.expires_at is None else row.expires_at.timestamp(),
    )
