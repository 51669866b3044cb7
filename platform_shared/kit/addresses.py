"""Whose request it is, by address: what a proxy that we trust says, and nothing that others say."""

import logging
from collections.abc import Mapping
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any

from django.conf import settings

Address = IPv4Address | IPv6Address
UNKNOWN = "unknown"
logger = logging.getLogger(__name__)


def client_address(meta: Mapping[str, Any]) -> Address | None:
    """Return the address that a request (its ``META``) comes from; None where none is known.

    ``X-Forwarded-For`` grows to the right, so it is read from there: each address counts as long
    as a proxy of ``TRUSTED_PROXIES`` has written it, and the first that is no such proxy is the
    client. What stands further left is whatever the client has made up. ``Forwarded`` is not read:
    a proxy that writes the one header passes the other on as it came.
    """
    address = _parsed(meta.get("REMOTE_ADDR", ""))
    forwarded = meta.get("HTTP_X_FORWARDED_FOR", "")
    if forwarded and not _is_trusted(address):
        _warn_once()
        return address
    for hop in reversed(forwarded.split(",") if forwarded else []):
        if not _is_trusted(address):
            break
        found = _parsed(hop)
        if found is None:
            break
        address = found
    return address


def who(address: Address | None) -> str:
    """Return what counts as one client: an IPv4 address, or the /64 that an IPv6 one is in.

    Whoever has an IPv6 network has all of its 2^64 addresses to write to us from (RFC 6177).
    """
    if address is None:
        return UNKNOWN
    if isinstance(address, IPv6Address):
        return str(IPv6Network((address, 64), strict=False))
    return str(address)


def _is_trusted(address: Address | None) -> bool:
    return address is not None and any(
        address in network for network in _networks(tuple(settings.TRUSTED_PROXIES))
    )


@lru_cache(maxsize=8)
def _networks(texts: tuple[str, ...]) -> tuple[Any, ...]:
    return tuple(ip_network(text) for text in texts)


def _parsed(text: str) -> Address | None:
    """Return the address in ``1.2.3.4``, ``1.2.3.4:567``, ``2001:db8::1`` or ``[2001:db8::1]:567``.

    An IPv4 address in the clothes of IPv6 is the IPv4 address.
    """
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


@lru_cache(maxsize=1)
def _warn_once() -> None:
    logger.warning(
        "X-Forwarded-For came from an address that is not in TRUSTED_PROXIES and is not believed: "
        "behind a proxy, everybody counts as one client until it is named there"
    )
