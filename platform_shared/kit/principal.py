"""Who is calling: the account behind a request, and the form in which actors are stored."""

from dataclasses import dataclass, field
from uuid import UUID

from django.db import models

from platform_shared.kit.access import ROLE_PERMISSIONS, Permission, Role


@dataclass(frozen=True, slots=True)
class Actor:
    """Who did something, as stored with it: never a foreign key, because a system admin who acts
    inside a club has no row there."""

    kind: str
    id: UUID | None
    label: str


SYSTEM = Actor(kind="system", id=None, label="system")


@dataclass(frozen=True, slots=True)
class Principal:
    """An authenticated account; ``club_id`` is None on the platform host.

    ``support`` is true for a system admin inside a club by a support session.
    """

    user_id: UUID
    email: str
    name: str
    role: Role
    club_id: UUID | None
    session_id: UUID
    support: bool = False
    is_authenticated: bool = field(default=True, init=False)
    is_program: bool = field(default=False, init=False)

    @property
    def permissions(self) -> frozenset[Permission]:
        return ROLE_PERMISSIONS[self.role]

    @property
    def actor(self) -> Actor:
        return Actor(kind=str(self.role), id=self.user_id, label=self.email)


@dataclass(frozen=True, slots=True)
class KeyPrincipal:
    """A program that calls with an API key of the club: it has neither a role nor a session."""

    key_id: UUID
    name: str
    permissions: frozenset[Permission]
    club_id: UUID
    support: bool = field(default=False, init=False)
    is_authenticated: bool = field(default=True, init=False)
    is_program: bool = field(default=True, init=False)

    @property
    def actor(self) -> Actor:
        return Actor(kind="api_key", id=self.key_id, label=self.name)


class Anonymous:
    """Nobody: what ``request.user`` is without a token."""

    is_authenticated = False
    is_program = False
    permissions: frozenset[Permission] = frozenset()
    support = False


class ActorStamp(models.Model):
    """Abstract: the columns in which a row keeps who made it."""

    actor_kind = models.CharField(max_length=20)
    actor_id = models.UUIDField(null=True)
    actor_label = models.CharField(max_length=254)

    class Meta:
        abstract = True

    @property
    def actor(self) -> Actor:
        return Actor(kind=self.actor_kind, id=self.actor_id, label=self.actor_label)


def stamp(actor: Actor) -> dict[str, object]:
    """Return the keyword arguments that set an ``ActorStamp``'s columns."""
    return {"actor_kind": actor.kind, "actor_id": actor.id, "actor_label": actor.label}
