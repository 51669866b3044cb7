"""What apps have to say to a club's settings; nobody here knows the apps."""

from collections.abc import Callable
from typing import Any

from platform_shared.kit.errors import DomainError

Check = Callable[[dict[str, Any]], None]
_checks: dict[str, Check] = {}
refusals: list[type[DomainError]] = []


def register(name: str, check: Check, *raises: type[DomainError]) -> None:
    """Have ``check`` look at the changes of every club's settings before they are made.

    It raises one of the domain errors ``raises`` to refuse them.
    """
    _checks[name] = check
    refusals.extend(raises)


def run(changes: dict[str, Any]) -> None:
    """Have every check look at ``changes``."""
    for check in _checks.values():
        check(changes)
