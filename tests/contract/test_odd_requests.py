"""Requests that a careful attacker writes: none of them is a 5xx, or costs more than its size."""

import zlib
from typing import Any
from urllib.parse import quote

import pytest

from platform_shared.kit import wsgi
from tests.support import api
from tests.support.api import Caller
from tests.support.world import PASSWORD, ClubWorld

BOMB = zlib.compress(b'{"email": "' + b"a" * 5_000_000 + b'"}')


def content_type_behind(given: str) -> str:
    """Return the content type that Django gets to see."""
    seen: dict[str, Any] = {}

    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        seen.update(environ)
        return []

    list(wsgi.utf8_only(application)({"CONTENT_TYPE": given}, None))
    return str(seen["CONTENT_TYPE"])


class TestCharsets:
    @pytest.mark.parametrize(
        "given",
        [
            'application/json;cha;charset=""rset=zlib',
            "application/json;;charset=x;charset=zlib",
            'application/json; charset="a;b"; Charset*=zlib',
        ],
    )
    def test_are_gone_however_they_are_written(self, given: str) -> None:
        assert "charset" not in content_type_behind(given).lower()
        assert content_type_behind(given).startswith("application/json")

    @pytest.mark.parametrize("charset", ["zlib", "bz2", "rot13", "undefined", "utf-16", "nonsense"])
    def test_are_not_what_a_body_is_read_by(self, staff_a: Caller, charset: str) -> None:
        answer = staff_a._client.generic(
            "POST",
            "/api/v1/auth/token",
            data=BOMB,
            content_type=f"application/json; charset={charset}",
            headers={"Host": staff_a.host},
        )
        assert answer.status_code == 400
        assert answer.json()["code"] == "malformed_request"


class TestMoments:
    @pytest.mark.parametrize(
        "moment",
        ["2026-01-01T00:00:00+16:00", "2026-01-01T00:00:00-23:59", "2026-01-01T12:00:00+15:59"],
    )
    @pytest.mark.parametrize("path", ["customers?created_since=", "check-ins?since="])
    def test_have_any_offset(self, staff_a: Caller, path: str, moment: str) -> None:
        assert staff_a.get(path + quote(moment)).status_code == 200

    @pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+10:00", "9999-12-31T23:59:59-10:00"])
    def test_beyond_the_calendar_are_its_ends(self, staff_a: Caller, moment: str) -> None:
        found = staff_a.get("customers?created_since=" + quote(moment)).json()["results"]
        assert bool(found) is (moment < "2026")


class TestRepeats:
    WRONG = {"current_password": "not my password 1", "new_password": "another long one 77"}

    def left(self, answer: Any) -> int:
        return int(answer.headers["RateLimit"].split(";r=")[1].split(";")[0])

    def test_of_a_success_give_nobody_new_guesses(self, admin_a: Caller) -> None:
        right = {**self.WRONG, "current_password": PASSWORD}
        key = {"Idempotency-Key": "my-password"}
        assert admin_a.post("me/password", right, **key).status_code == 204
        before = [self.left(admin_a.post("me/password", self.WRONG)) for _ in range(3)][-1]
        again = admin_a.post("me/password", right, **key)
        assert (again.status_code, again.headers["Idempotency-Replayed"]) == (204, "true")
        assert self.left(admin_a.post("me/password", self.WRONG)) == before - 1


class TestSupport:
    def test_leaves_no_key_behind(self, club_a: ClubWorld) -> None:
        support = Caller(club_a.host, api.support_token(club_a))
        answer = support.post("api-keys", {"name": "Later", "permissions": ["customers.export"]})
        assert answer.status_code == 403
        assert support.get("api-keys").json()["results"] == []
