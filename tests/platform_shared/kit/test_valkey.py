"""The client waits briefly, and there is one a process."""

import pytest
from pytest_django import Settings
from redis.exceptions import RedisError

from platform_shared.kit import valkey


class TestClient:
    def test_is_shared(self) -> None:
        assert valkey.client() is valkey.client()

    def test_talks_to_the_configured_server(self, settings: Settings) -> None:
        assert valkey.client().ping()
        settings.REDIS_URL = "redis://127.0.0.1:1/0"
        with pytest.raises(RedisError):
            valkey.client().ping()

    def test_never_waits_long(self) -> None:
        options = valkey.client().connection_pool.connection_kwargs
        assert options["socket_timeout"] <= 1.0
        assert options["socket_connect_timeout"] <= 1.0
