"""The scenes of the permission table, whose bodies are valid ones.

``pytest tests/contract --update-examples`` records the examples of the documents anew.
"""

import pytest

from tests.permissions.conftest import club_scene, committing, platform_scene

__all__ = ["club_scene", "committing", "platform_scene"]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-examples", action="store_true", help="Rewrite the API's examples.")
