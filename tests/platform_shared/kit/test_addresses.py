"""Only a proxy that we trust tells us whose request it is."""

import pytest
from pytest_django import Settings

from platform_shared.kit import addresses

CLIENT = "203.0.113.9"
PROXY, INNER = "10.0.0.1", "10.0.0.2"


@pytest.fixture(autouse=True)
def trusting(settings: Settings) -> None:
    settings.TRUSTED_PROXIES = ("10.0.0.0/24", "fd00::/64")


def found(peer: str, forwarded: str | None = None, **headers: str) -> str:
    meta = {"REMOTE_ADDR": peer, **headers}
    if forwarded is not None:
        meta["HTTP_X_FORWARDED_FOR"] = forwarded
    return str(addresses.client_address(meta))


class TestClientAddress:
    def test_is_the_peers_where_nothing_stands_before_us(self) -> None:
        assert found(CLIENT) == CLIENT
        assert found("2001:db8::7") == "2001:db8::7"

    def test_is_what_the_proxy_has_seen(self) -> None:
        assert found(PROXY, CLIENT) == CLIENT
        assert found("fd00::1", "2001:db8::7") == "2001:db8::7"

    def test_goes_through_several_proxies(self) -> None:
        assert found(PROXY, f"{CLIENT}, {INNER}") == CLIENT

    @pytest.mark.parametrize(
        "made_up", ["198.51.100.1", "10.0.0.9", "10.0.0.9, 198.51.100.1", "127.0.0.1", "nonsense"]
    )
    def test_is_not_what_the_client_has_made_up(self, made_up: str) -> None:
        assert found(PROXY, f"{made_up}, {CLIENT}") == CLIENT

    def test_would_be_if_the_list_were_read_from_the_left(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(addresses, "reversed", lambda hops: hops, raising=False)
        assert found(PROXY, f"198.51.100.1, {CLIENT}") == "198.51.100.1"

    @pytest.mark.parametrize("header", ["198.51.100.1", PROXY, f"198.51.100.1, {PROXY}"])
    def test_believes_no_peer_that_is_not_trusted(self, header: str) -> None:
        assert found(CLIENT, header) == CLIENT

    def test_would_believe_anybody_if_anybody_were_trusted(self, settings: Settings) -> None:
        settings.TRUSTED_PROXIES = ("0.0.0.0/0",)
        assert found(CLIENT, "198.51.100.1") == "198.51.100.1"

    def test_believes_nobody_unless_told_to(self, settings: Settings) -> None:
        settings.TRUSTED_PROXIES = ()
        assert found(PROXY, CLIENT) == PROXY

    def test_does_not_read_other_headers(self) -> None:
        others = {"HTTP_FORWARDED": "for=198.51.100.1", "HTTP_X_REAL_IP": "198.51.100.1"}
        assert found(PROXY, CLIENT, **others) == CLIENT
        assert found(PROXY, **others) == PROXY

    @pytest.mark.parametrize(
        ("hop", "address"),
        [
            ("203.0.113.9:4711", CLIENT),
            ("[2001:db8::7]:4711", "2001:db8::7"),
            ("[2001:db8::7]", "2001:db8::7"),
            ("::ffff:203.0.113.9", CLIENT),
            ("fe80::1%eth0", "fe80::1"),
        ],
    )
    def test_is_read_in_every_form(self, hop: str, address: str) -> None:
        assert found(PROXY, hop) == address

    @pytest.mark.parametrize("hop", ["unknown", "_hidden", "", ",", "1.2.3", "::1::2", "١.٢.٣.٤"])
    def test_that_cannot_be_read_is_the_proxys(self, hop: str) -> None:
        assert found(PROXY, hop) == PROXY

    def test_is_nobodys_where_there_is_none(self) -> None:
        assert addresses.client_address({}) is None
        assert addresses.client_address({"REMOTE_ADDR": "", "HTTP_X_FORWARDED_FOR": CLIENT}) is None

    def test_says_once_that_a_proxy_is_not_named(self, caplog: pytest.LogCaptureFixture) -> None:
        addresses._warn_once.cache_clear()
        for _ in range(3):
            found(CLIENT, "198.51.100.1")
        (warning,) = [r for r in caplog.records if r.name == addresses.__name__]
        assert "TRUSTED_PROXIES" in warning.getMessage()
        assert "198.51.100.1" not in warning.getMessage()


class TestWho:
    def test_is_a_network_of_ipv6(self) -> None:
        def who(text: str) -> str:
            return addresses.who(addresses.client_address({"REMOTE_ADDR": text}))

        assert who("2001:db8:1:2::1") == who("2001:db8:1:2:ffff:ffff:ffff:ffff")
        assert who("2001:db8:1:2::1") != who("2001:db8:1:3::1")
        assert who(CLIENT) == CLIENT != who("203.0.113.10")
        assert who("") == addresses.UNKNOWN
