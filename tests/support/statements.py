"""Selectors that are compiled once a process, replaced for a test."""

from typing import Any

import pytest

from tenant_apps.checkins import loading


def forget() -> None:
    """Have the door's statements compiled again when the next scan asks for them."""
    loading._facts.cache_clear()
    loading._of_customers.cache_clear()


def replace(monkeypatch: pytest.MonkeyPatch, module: Any, name: str, selector: Any) -> None:
    """Put ``selector`` in the place of one that the door's statements are built of."""
    monkeypatch.setattr(module, name, selector)
    forget()
