"""Subscriptions and the ledger: opening, using, changing and ending them.

Every change of credits holds the owner's row lock first, then the subscription's; with more than
one customer in it, theirs in the order of their ids.
"""

from tenant_apps.subscriptions.services.adjusting import adjust_credits
from tenant_apps.subscriptions.services.changes import SETTLE
from tenant_apps.subscriptions.services.ends import (
    cancel_at_end,
    cancel_subscription,
    extend_subscription,
    keep_subscription,
    renew_subscription,
)
from tenant_apps.subscriptions.services.freezing import freeze_subscription, unfreeze_subscription
from tenant_apps.subscriptions.services.ledger import (
    begin_period,
    charge_visit,
    take_back_visit,
)
from tenant_apps.subscriptions.services.opening import (
    activate_subscription,
    grant_subscription,
    open_subscription,
)
from tenant_apps.subscriptions.services.settling import EXPIRING, settle
from tenant_apps.subscriptions.services.sharing import (
    add_member,
    remove_member,
    transfer_subscription,
)

__all__ = [
    "EXPIRING",
    "SETTLE",
    "activate_subscription",
    "add_member",
    "adjust_credits",
    "begin_period",
    "cancel_at_end",
    "cancel_subscription",
    "charge_visit",
    "extend_subscription",
    "freeze_subscription",
    "grant_subscription",
    "keep_subscription",
    "open_subscription",
    "remove_member",
    "renew_subscription",
    "settle",
    "take_back_visit",
    "transfer_subscription",
    "unfreeze_subscription",
]
