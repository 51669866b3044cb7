"""API keys: what a program of the club's, or a door, calls the API with."""

from collections.abc import Iterable

from django.db import models

from platform_shared.kit.access import PROGRAMMABLE, ROLE_PERMISSIONS, Permission, Role
from platform_shared.kit.ids import new_id
from platform_shared.kit.principal import ActorStamp
from tenant_apps.api_keys import key_texts
from tenant_apps.api_keys.enums import KeyAction


def effective(stored: Iterable[str]) -> frozenset[Permission]:
    """Return what a key may do of what it was given: a permission that programs, or the club's
    admins, have lost since is lost to the key as well."""
    return PROGRAMMABLE & ROLE_PERMISSIONS[Role.CLUB_ADMIN] & frozenset(stored)


class ApiKey(ActorStamp):
    """A key by the SHA-256 of its text; the actor is who made it.

    After a rotation the text before it opens until ``former_until``.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    name = models.CharField(max_length=80)
    permissions = models.JSONField()
    text_hash = models.BinaryField(max_length=32)
    former_hash = models.BinaryField(max_length=32, null=True)
    former_until = models.DateTimeField(null=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.name

    @property
    def prefix(self) -> str:
        return key_texts.prefix_of(self.pk)

    @property
    def effective_permissions(self) -> list[str]:
        return sorted(effective(self.permissions))


class ApiKeyChange(ActorStamp):
    """What was done to a key; the database refuses to change or delete a row."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    key = models.ForeignKey(ApiKey, on_delete=models.PROTECT, related_name="changes")
    action = models.CharField(max_length=7, choices=KeyAction.choices)
    name = models.CharField(max_length=80)
    occurred_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.action}: {self.name}"
