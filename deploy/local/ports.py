"""Ports on the loopback interface."""

import contextlib
import socket

LOOPBACK = "127.0.0.1"


def is_free(port: int) -> bool:
    """Return whether nobody listens on the port, on either loopback address.

    Browsers try ::1 first for names under `localhost`, so a stranger there would get the requests.
    """
    with contextlib.closing(socket.socket(socket.AF_INET, socket.SOCK_STREAM)) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return not (_answers(socket.AF_INET, LOOPBACK, port) or _answers(socket.AF_INET6, "::1", port))


def choose(preferred: int | None = None) -> int:
    """Return the preferred port while it is free, else any free one."""
    if preferred is not None and is_free(preferred):
        return preferred
    with contextlib.closing(socket.socket(socket.AF_INET, socket.SOCK_STREAM)) as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
    return port


def _answers(family: socket.AddressFamily, host: str, port: int) -> bool:
    try:
        with contextlib.closing(socket.socket(family, socket.SOCK_STREAM)) as probe:
            probe.settimeout(0.5)
            return probe.connect_ex((host, port)) == 0
    except OSError:
        return False
