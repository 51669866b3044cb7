"""An origin is what browsers send, and nobody on the way can forge."""

import pytest

from platform_shared.kit.origins import LONGEST, is_origin

LABEL = "a" * 63


class TestIsOrigin:
    @pytest.mark.parametrize(
        "text",
        [
            "https://example.com",
            "https://app.example.com:8443",
            "https://xn--mnchen-3ya.example",
            "https://a-b.c1.example",
            "https://192.168.1.7",
            f"https://{LABEL}.{LABEL}.{LABEL}.{'a' * 61}:65535",
            "https://localhost",
            "http://localhost",
            "http://localhost:3000",
            "http://shop.localhost:5173",
            "http://127.0.0.1:8080",
            "http://127.1.2.3",
            "http://[::1]:3000",
            "https://[::1]",
        ],
    )
    def test_takes(self, text: str) -> None:
        assert is_origin(text)
        assert len(text) <= LONGEST

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "*",
            "null",
            "https://",
            "https://*",
            "https://*.example.com",
            "http://example.com",
            "http://192.168.1.7",
            "http://[::2]",
            "http://localhost.example.com",
            "http://mylocalhost",
            "http://127.0.0.1.example.com",
            "https://com",
            "https://example.com/",
            "https://example.com/app",
            "https://example.com?x",
            "https://example.com#x",
            "https://user@example.com",
            "https://example.com:443",
            "http://localhost:80",
            "https://example.com:0",
            "https://example.com:08443",
            "https://example.com:65536",
            "https://example.com:",
            "https://Example.com",
            "HTTPS://example.com",
            "https://münchen.example",
            "https://example.com.",
            "https://.example.com",
            "https://a..example",
            "https://-a.example",
            "https://a_b.example",
            f"https://{LABEL}a.example",
            "https://1.2.3",
            "https://1.2.3.4.5",
            "https://256.1.1.1",
            "https://127.0.0.01",
            "ftp://example.com",
            "file://",
            "capacitor://localhost",
            " https://example.com",
            "https://example.com\n",
            "https://exam\x00ple.com",
        ],
    )
    def test_refuses(self, text: str) -> None:
        assert not is_origin(text)
