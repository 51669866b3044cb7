"""The books must balance: what every test that moves credits checks in the end."""

from collections.abc import Sequence
from uuid import UUID

from tenant_apps.subscriptions.enums import EntryKind
from tenant_apps.subscriptions.models import CreditEntry, CreditLot, Subscription

# Which of the two counters a line moves, and in which direction.
_MOVES_CREDITS = {EntryKind.GRANT, EntryKind.ADJUSTMENT, EntryKind.EXPIRY}


def lines_of(subscription_id: UUID) -> list[tuple[str, int, int]]:
    """Return the ledger as (kind, amount, balance after), oldest first."""
    lines = CreditEntry.objects.filter(subscription_id=subscription_id).order_by("id")
    return list(lines.values_list("kind", "amount", "balance_after"))


def assert_balanced(subscription_id: UUID) -> None:
    """Fail unless counters, lots and lines of a subscription tell the same story."""
    check(
        Subscription.objects.get(pk=subscription_id),
        list(CreditLot.objects.filter(subscription_id=subscription_id)),
        list(CreditEntry.objects.filter(subscription_id=subscription_id).order_by("id")),
    )


def check(
    subscription: Subscription, lots: Sequence[CreditLot], lines: Sequence[CreditEntry]
) -> None:
    """Fail unless these, the lines oldest first, tell the same story."""
    if subscription.credits is None or subscription.used_credits is None:
        assert subscription.credits is subscription.used_credits is None, "half a counter"
        assert not lots, "a period has no lots"
        assert not lines, "a period has no lines"
        return
    left = subscription.credits - subscription.used_credits
    assert left >= 0, "overdrawn"
    assert left == sum(line.amount for line in lines), "lines and counters differ"
    assert left == sum(lot.remaining for lot in lots), "lots and counters differ"
    granted = sum(line.amount for line in lines if line.kind in _MOVES_CREDITS)
    assert granted == subscription.credits, "grants and credits differ"
    for lot in lots:
        of_lot = sum(line.amount for line in lines if line.lot_id == lot.id)
        assert lot.remaining == of_lot, "a lot and its lines differ"
        assert 0 <= lot.remaining <= lot.granted, "a lot holds what it was not given"
    balance = 0
    for line in lines:
        balance += line.amount
        assert line.balance_after == balance, "a line's balance is not the sum so far"


def assert_all_balanced() -> None:
    """Fail unless every subscription of the bound club balances."""
    for subscription_id in Subscription.objects.values_list("id", flat=True):
        assert_balanced(subscription_id)
