"""The web application with a place at which its process is killed, in a sale with a key.

``DIE`` names the place; with ``KEEP_APART`` answers are kept in a transaction of their own. For
web servers alone: importing it makes a web process of the one that does.
"""

import os
import signal
from collections.abc import Callable, Iterable
from typing import Any

from platform_shared.project.wsgi import application as whole

# isort: split
from django.db import transaction

from platform_shared.idempotency import services
from platform_shared.kit import idempotency
from platform_shared.kit.idempotency import Answer
from tenant_apps.sales import services as sale_services

_keep = services._keep


def die(*args: Any, **kwargs: Any) -> Any:
    os.kill(os.getpid(), signal.SIGKILL)


def keep_and_die(*args: Any) -> None:
    _keep(*args)
    die()


def answer_and_die(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    answer = whole(environ, start_response)
    if "HTTP_IDEMPOTENCY_KEY" in environ:
        die()
    return answer


def answer_then_keep(*, carry_out: Callable[[], Answer], **asked: Any) -> Answer | None:
    """Carry out in one transaction, keep in the next: what must not be."""
    answer = carry_out()
    with transaction.atomic():
        services._keep(asked["user_id"], b"", asked["fingerprint"], answer, asked["now"])
    return None


# By the place: where the deadly function is put.
PLACES = {
    "before the effect": (sale_services, "sell_at_desk", die),
    "after the effect": (services, "_keep", die),
    "before the commit": (services, "_keep", keep_and_die),
    "after the commit": (None, "application", answer_and_die),
}
application = whole
module, name, deadly = PLACES[os.environ["DIE"]]
if module is None:
    globals()[name] = deadly
else:
    setattr(module, name, deadly)
if os.environ.get("KEEP_APART"):
    idempotency.register(answer_then_keep)
