"""The process's client for Valkey, with waits short enough for a door."""

from functools import lru_cache

from django.conf import settings
from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry


@lru_cache(maxsize=4)
def _client(url: str) -> "Redis":
    return Redis.from_url(
        url,
        socket_timeout=1.0,
        socket_connect_timeout=0.5,
        retry=Retry(NoBackoff(), 1),
        health_check_interval=30,
        decode_responses=True,
    )


def client() -> "Redis":
    """Return the shared, thread-safe client; connections are opened on demand."""
    return _client(settings.REDIS_URL)
