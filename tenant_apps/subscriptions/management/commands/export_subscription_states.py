"""Write ``docs/subscription-states.md`` from ``subscriptions.states``."""

from platform_shared.documents.generated import GenerateCommand
from tenant_apps.subscriptions import states
from tenant_apps.subscriptions.enums import Action, SubscriptionStatus

HEADER = """# The life of a subscription

Generated from `tenant_apps/subscriptions/states.py` by `make docs`; do not edit.
What is not in the table is refused: 409 `subscription_change_not_allowed`.

## What may be done when, and what it is then
"""
DIAGRAM = "## How it goes from one status to the next\n"
OVER = (SubscriptionStatus.EXPIRED, SubscriptionStatus.CANCELLED)


def _table() -> str:
    head = ("", *(str(status) for status in SubscriptionStatus))
    rows = [
        (
            f"`{action}`",
            *(str(states.TABLE[action].get(status, "–")) for status in SubscriptionStatus),
        )
        for action in Action
    ]
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def _diagram() -> str:
    """Return the changes of status as a Mermaid diagram; what changes none is left to the table."""
    labels: dict[tuple[SubscriptionStatus, SubscriptionStatus], list[str]] = {}
    for action in Action:
        for before, after in states.TABLE[action].items():
            if before != after:
                labels.setdefault((before, after), []).append(str(action))
    arrows = [
        f"    {before} --> {after}: {', '.join(actions)}"
        for (before, after), actions in labels.items()
    ]
    ends = [f"    {status} --> [*]" for status in OVER]
    first = f"    [*] --> {SubscriptionStatus.PENDING}"
    return "\n".join(["```mermaid", "stateDiagram-v2", first, *arrows, *ends, "```"]) + "\n"


class Command(GenerateCommand):
    help = "Write docs/subscription-states.md."

    def render(self) -> dict[str, str]:
        text = "\n".join([HEADER, _table(), DIAGRAM, _diagram()])
        return {"subscription-states.md": text}
