"""A payload that Python cannot follow is the client's error."""

import pytest
from django.test import Client
from rest_framework.parsers import JSONParser

from platform_shared.kit.parsers import BoundedJSONParser
from tests.support.world import ClubWorld


class TestBoundedJSONParser:
    def post(self, club: ClubWorld, body: bytes) -> int:
        return (
            Client(raise_request_exception=False)
            .post(
                "/api/v1/auth/token",
                body,
                content_type="application/json",
                headers={"Host": club.host},
            )
            .status_code
        )

    @pytest.mark.parametrize("bracket", [b"[", b'{"a":'])
    def test_refuses_bottomless_nesting(
        self, bracket: bytes, club_a: ClubWorld, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        body = bracket * 150_000
        assert self.post(club_a, body) == 400
        monkeypatch.setattr(BoundedJSONParser, "parse", JSONParser.parse)
        assert self.post(club_a, body) == 500

    def test_reads_what_is_merely_nested(self, club_a: ClubWorld) -> None:
        assert self.post(club_a, b"[" * 50 + b"]" * 50) == 400
