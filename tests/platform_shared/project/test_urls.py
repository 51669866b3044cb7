"""Every host has the documents of its own API, and nothing in them comes from elsewhere."""

import re
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest
import yaml

from platform_shared.documents.generated import DOCS
from tests.support.api import PLATFORM_HOST, Caller

HOSTS = {"platform": PLATFORM_HOST, "club": "alpha.localhost"}


def load(url: str, caller: Caller) -> tuple[Any, bytes]:
    """Return the response and its whole body, streamed or not."""
    response = caller.get(url)
    body = b"".join(response.streaming_content) if response.streaming else response.content
    response.close()
    return response, body


@pytest.mark.usefixtures("club_a")
class TestDocuments:
    @pytest.mark.parametrize("kind", HOSTS)
    def test_of_a_host_describe_its_own_routes(self, kind: str) -> None:
        response = Caller(HOSTS[kind]).get("/api/schema/")
        assert response.status_code == 200
        served = yaml.safe_load(response.content)
        assert served["openapi"].startswith("3.1")
        assert served == yaml.safe_load((DOCS / "openapi" / f"{kind}.yaml").read_text())
        assert ("/api/v1/clubs" in served["paths"]) == (kind == "platform")
        assert ("/api/v1/door/scans" in served["paths"]) == (kind == "club")

    @pytest.mark.parametrize("kind", HOSTS)
    @pytest.mark.parametrize("page", ["/api/docs/", "/api/redoc/"])
    def test_can_be_browsed_without_any_outside_asset(self, kind: str, page: str) -> None:
        caller = Caller(HOSTS[kind])
        response, body = load(page, caller)
        assert response.status_code == 200
        assert response["Content-Type"].startswith("text/html")
        text = body.decode()
        assets = re.findall(r"""(?:src|href)\s*=\s*["']([^"']+)["']""", text)
        assert any(asset.endswith(".js") for asset in assets)
        for asset in assets:
            assert not urlsplit(asset).netloc, f"{page} loads {asset}"
            found, content = load(urljoin(page, asset), caller)
            assert found.status_code == 200, asset
            assert content
            assert "immutable" not in found.headers.get("Cache-Control", "")  # no name has a hash
            if asset.endswith("?script="):
                text += content.decode()
        assert "/api/schema/" in text
        assert not re.findall(r"url\(|@import|https?://(?!www\.w3\.org)", text)


@pytest.mark.usefixtures("club_a")
class TestRoutes:
    @pytest.mark.parametrize("host", HOSTS.values())
    def test_end_without_a_slash_and_are_not_redirected(self, host: str) -> None:
        assert Caller(host).get("me/").status_code == 404
