"""A log line is one JSON object that says whose it is."""

import io
import json
import logging
from collections.abc import Iterator

import pytest
from django.conf import settings
from django.utils.module_loading import import_string

from platform_shared.accounts import services as account_services
from platform_shared.kit import context
from platform_shared.kit.logs import ContextFilter
from tests.support.api import Caller
from tests.support.world import ClubWorld


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """What the configured handler writes, on paper of our own."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(import_string(settings.LOGGING["formatters"]["json"]["()"])())
    handler.addFilter(import_string(settings.LOGGING["filters"]["context"]["()"])())
    logger, errors = logging.getLogger("qr_checkin"), logging.getLogger("django.request")
    before = logger.level
    for each in (logger, errors):
        each.addHandler(handler)
    logger.setLevel(logging.INFO)
    yield stream
    for each in (logger, errors):
        each.removeHandler(handler)
    logger.setLevel(before)


class TestJsonFormatter:
    def test_writes_one_object_a_line(self, written: io.StringIO) -> None:
        tokens = [
            (context.club_slug, context.club_slug.set("demo")),
            (context.user_id, context.user_id.set("7")),
            (context.request_id, context.request_id.set("abc")),
        ]
        logging.getLogger("qr_checkin.somewhere").info("two\nlines", extra={"ms": 1.5})
        for variable, token in tokens:
            variable.reset(token)
        (line,) = written.getvalue().splitlines()
        entry = json.loads(line)
        assert entry.pop("time")
        assert entry == {
            "level": "INFO",
            "logger": "qr_checkin.somewhere",
            "message": "two\nlines",
            "club": "demo",
            "user": "7",
            "request_id": "abc",
            "ms": 1.5,
        }

    def test_writes_the_trace_of_an_error_into_the_same_line(self, written: io.StringIO) -> None:
        try:
            raise ValueError("inside")
        except ValueError:
            logging.getLogger("qr_checkin").exception("it broke")
        (line,) = written.getvalue().splitlines()
        assert "ValueError: inside" in json.loads(line)["exc_info"]


class TestContextFilter:
    def test_names_club_user_and_request_on_the_line_of_a_request(
        self, written: io.StringIO, admin_a: Caller, club_a: ClubWorld
    ) -> None:
        response = admin_a.get("me", **{"X-Request-Id": "from-the-client"})
        entry = json.loads(written.getvalue().splitlines()[-1])
        assert entry["message"] == "GET /api/v1/me 200"
        assert entry["club"] == club_a.ref.slug
        assert entry["user"] == response.json()["id"]
        assert entry["request_id"] == "from-the-client"
        assert entry["ms"] > 0

    def test_names_nobody_on_the_line_of_a_stranger_after_a_caller(
        self, written: io.StringIO, admin_a: Caller
    ) -> None:
        admin_a.get("me")
        Caller("nowhere.localhost").get("me")
        entry = json.loads(written.getvalue().splitlines()[-1])
        assert entry["message"] == "GET /api/v1/me 404"
        assert entry["club"] is None
        assert entry["user"] is None

    @pytest.mark.parametrize("guarded", [True, False])
    def test_keeps_what_stands_in_an_address_to_itself(
        self,
        written: io.StringIO,
        club_a: ClubWorld,
        monkeypatch: pytest.MonkeyPatch,
        guarded: bool,
    ) -> None:
        def broken(**_: object) -> None:
            raise RuntimeError("inside")

        monkeypatch.setattr(account_services, "get_password_link", broken)
        if not guarded:  # negative control
            monkeypatch.setattr(ContextFilter, "filter", lambda self, record: True)
        answer = Caller(club_a.host).get("auth/password?token=TOPSECRET")
        assert answer.status_code == 500
        assert "inside" in written.getvalue()
        assert ("TOPSECRET" in written.getvalue()) is not guarded
