"""When a key was last used, to the minute, written down beside the requests and not in them.

A request that is the process's first with a key for a minute leaves a note to one thread, which
writes it with a connection of its own. So no answer waits for the write, none fails with it, and
Valkey is not needed. What a process has not written when it dies is lost: a minute's use.
"""

import logging
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection
from django.db.models import Q

from platform_shared.tenancy import binding
from platform_shared.tenancy.club_ref import ClubRef
from tenant_apps.api_keys.models import ApiKey

EVERY = timedelta(minutes=1)
MOST_NOTED = 10_000
logger = logging.getLogger(__name__)

_noted: dict[UUID, datetime] = {}
_writer: tuple[int, ThreadPoolExecutor] | None = None
_lock = threading.Lock()


def note(club: ClubRef, key_id: UUID, now: datetime) -> None:
    """Have it written that the key is in use, unless this process has just had it written."""
    last = _noted.get(key_id)
    if last is not None and now - last < EVERY:
        return
    if len(_noted) >= MOST_NOTED:
        _noted.clear()
    _noted[key_id] = now
    write_later(club, key_id, now)


def write_later(club: ClubRef, key_id: UUID, now: datetime) -> None:
    """Hand the note to the thread that writes; it is begun anew after a fork."""
    global _writer
    with _lock:
        if _writer is None or _writer[0] != os.getpid():
            _writer = (os.getpid(), ThreadPoolExecutor(1, thread_name_prefix="key-usage"))
        _writer[1].submit(_write_and_close, club, key_id, now)


def _write_and_close(club: ClubRef, key_id: UUID, now: datetime) -> None:
    try:
        write(club, key_id, now)
    except Exception as error:
        logger.warning("the use of an API key was not written down: %s", error)
    finally:
        connection.close()


def write(club: ClubRef, key_id: UUID, now: datetime) -> None:
    """Write that the key was used at ``now``, unless another process has within the minute."""
    stale = Q(last_used_at=None) | Q(last_used_at__lte=now - EVERY)
    with binding.club(club):
        ApiKey.objects.filter(stale, pk=key_id).update(last_used_at=now)
