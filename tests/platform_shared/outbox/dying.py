"""The workers' application with a listener that never comes to an end the first time.

``celery -A tests.platform_shared.outbox.dying worker`` with TEST_DYING_IN naming a folder: the
listener writes its process's id into it before it hangs, so that the test knows whom to kill.
"""

import os
import time
from datetime import datetime
from pathlib import Path

import django

django.setup()

from platform_shared.kit.ids import new_id  # noqa: E402
from platform_shared.outbox import services  # noqa: E402 - needs the apps
from platform_shared.outbox.models import Event  # noqa: E402
from platform_shared.project.celery import app  # noqa: E402
from tenant_apps.locations.models import Location  # noqa: E402
from tests.platform_shared.outbox.listening import KIND  # noqa: E402

__all__ = ["app"]

FOLDER = Path(os.environ["TEST_DYING_IN"])


def hear(event: Event, now: datetime) -> None:
    """Write something, and hang before the end unless this is the second time."""
    Location.objects.create(name=f"Heard {new_id()}", created_at=now)
    begun = FOLDER / "begun"
    if not begun.exists():
        draft = begun.with_suffix(".draft")
        draft.write_text(str(os.getpid()))
        draft.rename(begun)
        time.sleep(600)


services.subscribe(KIND, "dying", hear, transactional=not (FOLDER / "outside").exists())
