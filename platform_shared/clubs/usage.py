"""How much of its plan's limits a club uses; apps say what counts, nobody here knows the apps."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from platform_shared.clubs import selectors
from platform_shared.plans.enums import Limit
from platform_shared.tenancy import binding

Counted = Callable[[], QuerySet[Any]]
_counted: dict[Limit, Counted] = {}


@dataclass(frozen=True, slots=True)
class Use:
    """What the plan allows (None: any number), and what there is; that may be more."""

    limit: int | None
    used: int


def register(limit: Limit, counted: Counted) -> None:
    """Have ``counted`` say which rows of the bound club count towards ``limit``.

    They are those that the app gives to ``services.require_room``.
    """
    _counted[limit] = counted


def get_usage() -> dict[str, Any]:
    """Return the bound club's ``plan`` and, by the limit's name, the ``Use`` of each.

    Nothing is locked: it says how it is, not that there will be room.
    """
    plan = selectors.plan_of(binding.current_club().id)
    uses = {
        limit.removeprefix("max_"): Use(getattr(plan, limit), rows().count())
        for limit, rows in _counted.items()
    }
    return {"plan": plan, **uses}
