"""Waiting for what another thread or process does, with a deadline instead of a nap."""

import threading
import time
from collections.abc import Callable

DEADLINE_SECONDS = 10.0


def eventually(holds: Callable[[], bool]) -> bool:
    """Return whether ``holds`` comes true before the deadline; looks every five milliseconds."""
    pause = threading.Event()
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not holds():
        if time.monotonic() > deadline:
            return False
        pause.wait(0.005)
    return True
