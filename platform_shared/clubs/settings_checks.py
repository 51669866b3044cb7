"""What apps have to say to a club's settings; nobody here knows the apps."""

from collections.abc import Callable
from typing import Any

Check = Callable[[dict[str, Any]], None]
_checks: dict[str, Check] = {}


def register(name: str, check: Check) -> None:
    """Have ``check`` look at the changes of every club's settings before they are made.

    It raises a domain error to refuse them.
    """
    _checks[name] = check


def run(changes: dict[str, Any]) -> None:
    """Have every check look at ``changes``."""
    for check in _checks.values():
        check(changes)
