"""Keys of Django's cache: each carries the scope it was written in."""

from platform_shared.tenancy import binding


def make_key(key: str, key_prefix: str, version: int) -> str:
    """Return the stored key (``CACHES.KEY_FUNCTION``): the club's immutable id comes first.

    Raises:
        ClubNotBound: nothing is bound, so whose entry it is cannot be known.
    """
    return f"{binding.scope()}:{key_prefix}:{version}:{key}"
