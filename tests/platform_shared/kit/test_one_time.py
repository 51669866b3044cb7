"""Secrets of links, and what is kept of them."""

from urllib.parse import quote

from platform_shared.kit import one_time


class TestSecret:
    def test_stands_in_a_url_as_it_is_and_is_never_the_same(self) -> None:
        secrets = {one_time.new_secret() for _ in range(100)}
        assert len(secrets) == 100
        assert all(quote(secret, safe="") == secret for secret in secrets)
        assert min(map(len, secrets)) >= 43


class TestDigest:
    def test_is_32_bytes_that_hang_on_every_letter(self) -> None:
        assert len(one_time.digest("a")) == 32
        assert one_time.digest("a") == one_time.digest("a") != one_time.digest("A")
