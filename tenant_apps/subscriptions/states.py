"""What may be done to a subscription in which state, and what it is afterwards: one table.

``docs/subscription-states.md`` is drawn from it.
"""

from tenant_apps.subscriptions.enums import Action, SubscriptionStatus
from tenant_apps.subscriptions.errors import ChangeNotAllowed

S = SubscriptionStatus

_STAYS = {S.ACTIVE: S.ACTIVE, S.FROZEN: S.FROZEN}

TABLE: dict[Action, dict[SubscriptionStatus, SubscriptionStatus]] = {
    Action.ACTIVATE: {S.PENDING: S.ACTIVE},
    Action.PLAN_FREEZE: {S.ACTIVE: S.ACTIVE},
    Action.DROP_FREEZE: {S.ACTIVE: S.ACTIVE},
    Action.FREEZE: {S.ACTIVE: S.FROZEN},
    Action.UNFREEZE: {S.FROZEN: S.ACTIVE},
    Action.CANCEL: {S.PENDING: S.CANCELLED, S.ACTIVE: S.CANCELLED, S.FROZEN: S.CANCELLED},
    Action.CANCEL_AT_END: _STAYS,
    Action.KEEP: _STAYS,
    Action.EXPIRE: {S.ACTIVE: S.EXPIRED},
    Action.RENEW: _STAYS,
    Action.EXTEND: _STAYS,
    Action.ADJUST: _STAYS,
    Action.TRANSFER: _STAYS,
    Action.ADD_MEMBER: {S.PENDING: S.PENDING, **_STAYS},
    Action.REMOVE_MEMBER: {status: status for status in S},
}


def after(action: Action, status: str) -> SubscriptionStatus:
    """Return the status of a subscription in ``status`` after ``action``.

    Raises:
        ChangeNotAllowed: with the action, the status, and those in which it is allowed.
    """
    allowed = TABLE[action]
    if status not in allowed:
        raise ChangeNotAllowed(
            f"A subscription that is {status} cannot be changed so.",
            action=str(action),
            subscription_status=str(status),
            allowed_when=sorted(map(str, allowed)),
        )
    return allowed[SubscriptionStatus(status)]
