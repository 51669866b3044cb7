from uuid import UUID

from django.db.models import QuerySet

from platform_shared.kit.errors import NotFound
from tenant_apps.api_keys.models import ApiKey, ApiKeyChange


def list_keys() -> QuerySet[ApiKey]:
    """Return the club's keys, revoked ones too."""
    return ApiKey.objects.all()


def get_key(key_id: UUID) -> ApiKey:
    """Return the key.

    Raises:
        NotFound: the club has none with this id.
    """
    return _only(ApiKey.objects.filter(pk=key_id))


def lock_key(key_id: UUID) -> ApiKey:
    """Return the key, locked until the transaction ends.

    Raises:
        NotFound: the club has none with this id.
    """
    return _only(ApiKey.objects.select_for_update(of=("self",)).filter(pk=key_id))


def _only(rows: QuerySet[ApiKey]) -> ApiKey:
    key = rows.first()
    if key is None:
        raise NotFound("No such API key.")
    return key


def list_changes(key_id: UUID) -> QuerySet[ApiKeyChange]:
    """Return what was done to the key.

    Raises:
        NotFound: the club has none with this id.
    """
    return ApiKeyChange.objects.filter(key=get_key(key_id))
