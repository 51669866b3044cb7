"""Steps that fill a new club: each app registers what it needs; nobody here knows the apps."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from platform_shared.tenancy.club_ref import ClubRef


@dataclass(frozen=True, slots=True)
class NewClub:
    """What a step may know of the club being made."""

    ref: ClubRef
    name: str
    admin_email: str
    admin_password: str | None
    now: datetime


Step = Callable[[NewClub], dict[str, Any] | None]
_steps: dict[str, Step] = {}


def register(name: str, step: Step) -> None:
    """Have ``step`` run, bound to the new club and inside its transaction.

    What it returns is added to the provisioning's answer, never stored.
    """
    _steps[name] = step


def steps() -> dict[str, Step]:
    """Return the steps by name, in the order of the apps that registered them."""
    return dict(_steps)
