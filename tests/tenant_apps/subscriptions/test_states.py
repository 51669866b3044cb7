"""The table of what may be done to a subscription in which state."""

import pytest

from tenant_apps.subscriptions import states
from tenant_apps.subscriptions.enums import Action, SubscriptionStatus
from tenant_apps.subscriptions.errors import ChangeNotAllowed


class TestTable:
    def test_has_every_action(self) -> None:
        assert set(states.TABLE) == set(Action)
        assert all(states.TABLE.values())

    def test_has_every_status_before_and_after(self) -> None:
        before = {status for allowed in states.TABLE.values() for status in allowed}
        after = {status for allowed in states.TABLE.values() for status in allowed.values()}
        assert before == set(SubscriptionStatus)
        assert after == set(SubscriptionStatus)

    def test_leads_nowhere_from_the_end(self) -> None:
        for status in (SubscriptionStatus.EXPIRED, SubscriptionStatus.CANCELLED):
            for allowed in states.TABLE.values():
                assert allowed.get(status, status) == status

    def test_leads_back_to_pending_from_nowhere(self) -> None:
        for allowed in states.TABLE.values():
            for before, after in allowed.items():
                assert after != SubscriptionStatus.PENDING or before == after


class TestAfter:
    def test_says_what_it_is_then(self) -> None:
        assert states.after(Action.FREEZE, "active") is SubscriptionStatus.FROZEN
        assert states.after(Action.CANCEL, "pending") is SubscriptionStatus.CANCELLED

    def test_says_when_it_would_be_allowed(self) -> None:
        with pytest.raises(ChangeNotAllowed) as caught:
            states.after(Action.CANCEL, "expired")
        assert caught.value.extras == {
            "action": "cancel",
            "subscription_status": "expired",
            "allowed_when": ["active", "frozen", "pending"],
        }
