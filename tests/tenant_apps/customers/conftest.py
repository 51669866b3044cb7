"""``pytest tests/tenant_apps/customers --import-rows=50000`` imports a larger file."""

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--import-rows", type=int, default=10_000, help="Rows of the largest import.")
