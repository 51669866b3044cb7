"""The committed table of states is that of the code."""

import pytest
from django.core.management import CommandError, call_command

from tenant_apps.subscriptions import states
from tenant_apps.subscriptions.enums import Action, SubscriptionStatus
from tenant_apps.subscriptions.management.commands.export_subscription_states import Command

S = SubscriptionStatus


def rendered() -> str:
    """Return the document."""
    (text,) = Command().render().values()
    return text


class TestCommand:
    def test_finds_the_committed_document_up_to_date(self) -> None:
        call_command("export_subscription_states", "--check")

    def test_finds_it_out_of_date_once_the_table_has_changed(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(states.TABLE, Action.RENEW, {S.EXPIRED: S.ACTIVE})
        with pytest.raises(CommandError, match=r"out of date: subscription-states\.md"):
            call_command("export_subscription_states", "--check")

    def test_has_a_line_for_every_action_with_what_it_leads_to(self) -> None:
        text = rendered()
        for action in Action:
            assert f"| `{action}` | " in text
        assert "|  | pending | active | frozen | expired | cancelled |" in text
        assert "| `cancel` | cancelled | cancelled | cancelled | – | – |" in text
        assert "| `renew` | – | active | frozen | – | – |" in text

    def test_draws_what_changes_the_status(self) -> None:
        text = rendered()
        assert "```mermaid\nstateDiagram-v2\n    [*] --> pending\n" in text
        assert "    active --> frozen: freeze\n" in text
        assert "    frozen --> active: unfreeze\n" in text
        assert "    active --> expired: expire\n" in text
        assert "renew" not in text.partition("stateDiagram-v2")[2]
        for status in S:
            assert f" {status}" in text.partition("stateDiagram-v2")[2]
