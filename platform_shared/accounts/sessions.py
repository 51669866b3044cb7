"""Whether a session still holds: asked on every request, so cached in two levels."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Self
from uuid import UUID

from platform_shared.accounts.models import Session
from platform_shared.clubs import selectors as club_selectors
from platform_shared.kit.access import Role
from platform_shared.kit.principal import Principal
from platform_shared.kit.shared_cache import SharedCache
from platform_shared.tenancy import binding
from platform_shared.tenancy.club_ref import ClubRef


@dataclass(frozen=True, slots=True)
class SessionState:
    """A session that is not revoked, of an account that is active, and until when."""

    user_id: str
    email: str
    name: str
    role: str
    expires_at: float

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        return cls(**data)


_states: SharedCache[SessionState] = SharedCache(
    "session", to_json=SessionState.to_json, from_json=SessionState.from_json
)


def _key(session_id: UUID, scope: str, *, support: bool) -> str:
    return f"{scope}:{'support' if support else 'account'}:{session_id}"


def find_principal(session_id: UUID, *, support: bool, now: datetime) -> Principal | None:
    """Return who the session belongs to, or None when it is unknown, revoked or over.

    A support session is the platform's record; it is looked up for the bound club alone.
    """
    bound = binding.current()
    club = bound if isinstance(bound, ClubRef) else None
    if support and club is None:
        return None
    load = (lambda: _load_support(session_id, club)) if support else (lambda: _load(session_id))
    state = _states.get(_key(session_id, binding.scope(), support=support), load)
    if state is None or state.expires_at <= now.timestamp():
        return None
    return Principal(
        user_id=UUID(state.user_id),
        email=state.email,
        name=state.name,
        role=Role(state.role),
        club_id=None if club is None else club.id,
        session_id=session_id,
        support=support,
    )


def forget(*session_ids: UUID, scope: str) -> None:
    """Make every process ask the database again; call it after the commit.

    ``scope`` is that of the sessions (``binding.scope``): hooks run when somebody else, or
    nobody, is bound.
    """
    kinds = (False, True)
    keys = (_key(session_id, scope, support=kind) for session_id in session_ids for kind in kinds)
    _states.invalidate(*keys)


def _load(session_id: UUID) -> SessionState | None:
    row = (
        Session.objects.select_related("user")
        .filter(pk=session_id, revoked_at=None, user__is_active=True)
        .first()
    )
    if row is None:
        return None
    user = row.user
    return SessionState(str(user.id), user.email, user.name, user.role, row.expires_at.timestamp())


def _load_support(session_id: UUID, club: ClubRef | None) -> SessionState | None:
    row = club_selectors.find_support_session(session_id)
    if row is None or club is None or row.club_id != club.id:
        return None
    return SessionState(
        str(row.admin_id),
        row.admin_email,
        row.admin_email,
        Role.SYSTEM_ADMIN,
        row.expires_at.timestamp(),
    )
