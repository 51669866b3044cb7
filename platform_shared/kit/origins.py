"""What is a web origin that may be let in."""

import re
from ipaddress import IPv4Address

LONGEST = 280  # a host of 253 characters, the scheme before it and a port behind
_ORIGIN = re.compile(r"(https?)://(\[::1\]|[a-z0-9.-]{1,253})(?::([1-9][0-9]{0,4}))?")
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_USUAL = {"https": 443, "http": 80}


def is_origin(text: str) -> bool:
    """Return whether ``text`` is an origin as browsers write it, and one that is safe to trust.

    Safe is what nobody on the way can forge: https, or http on the user's own machine. A name
    outside ASCII is written in its ASCII form (``xn--...``, RFC 5890), as browsers do.
    """
    found = _ORIGIN.fullmatch(text)
    if found is None:
        return False
    scheme, host, port = found.groups()
    if port is not None and (int(port) > 65_535 or int(port) == _USUAL[scheme]):
        return False
    local = host in ("localhost", "[::1]") or host.endswith(".localhost")
    if host.rpartition(".")[2].isdecimal():  # what ends like that is an address, or nothing
        try:
            local = IPv4Address(host).is_loopback
        except ValueError:
            return False
    elif host != "[::1]":
        named = all(_LABEL.fullmatch(label) for label in host.split("."))
        if not named or not ("." in host or local):
            return False
    return scheme == "https" or local
