"""Two processes of one run never empty each other's Valkey."""

import os

import pytest
from django.conf import settings

from tests.support import workers


class TestValkeyOf:
    def test_gives_each_worker_a_database_of_its_own(self) -> None:
        found = {workers.valkey_of("redis://127.0.0.1:7000/0", f"gw{n}") for n in range(16)}
        assert len(found) == 16
        assert "redis://127.0.0.1:7000/15" in found

    def test_refuses_more_workers_than_there_are_databases(self) -> None:
        with pytest.raises(ValueError, match="gw16"):
            workers.valkey_of("redis://127.0.0.1:7000/0", "gw16")

    def test_is_what_the_settings_go_by(self) -> None:
        worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0")
        assert workers.valkey_of(settings.REDIS_URL, worker) == settings.REDIS_URL
