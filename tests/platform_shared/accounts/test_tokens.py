"""A token says who, where and until when, and opens nothing but its audience."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import jwt
import pytest
from django.conf import settings as django_settings
from pytest_django import Settings

from platform_shared.accounts import keys, tokens
from platform_shared.accounts.errors import InvalidToken, SupportSessionRequired
from platform_shared.kit import clock
from platform_shared.kit.access import ROLE_PERMISSIONS, Role
from tests.platform_shared.accounts.crew import claims, principal

CLUB, OTHER_CLUB = UUID(int=2), UUID(int=9)
DESIGNED = {
    "sub",
    "userId",
    "clubId",
    "role",
    "permissions",
    "sid",
    "aud",
    "iss",
    "iat",
    "exp",
    "jti",
}


class TestAccessFor:
    def test_has_the_designed_claims(self) -> None:
        found = claims(str(tokens.access_for(principal())))
        assert set(found) == DESIGNED | {"token_type", "support"}
        assert found["sub"] == found["userId"] == str(UUID(int=1))
        assert found["clubId"] == found["aud"] == str(CLUB)
        assert found["role"] == "club_staff"
        assert found["permissions"] == sorted(ROLE_PERMISSIONS[Role.CLUB_STAFF])
        assert found["sid"] == str(UUID(int=3))
        assert found["iss"] == django_settings.JWT_ISSUER
        assert found["exp"] - found["iat"] == 15 * 60
        assert found["support"] is False

    def test_has_no_club_for_the_platforms_own(self) -> None:
        root = principal(role=Role.SYSTEM_ADMIN, club_id=None)
        found = claims(str(tokens.access_for(root)))
        assert found["clubId"] is None
        assert found["aud"] == "platform"

    def test_carries_the_name_of_who_comes_for_support(self) -> None:
        root = principal(role=Role.SYSTEM_ADMIN, name="Root", support=True)
        found = claims(str(tokens.access_for(root)))
        assert found["support"] is True
        assert found["name"] == "Root"

    def test_is_signed_with_ed25519_by_the_key_it_names(self) -> None:
        raw = str(tokens.access_for(principal()))
        key = keys.signing_key()
        assert jwt.get_unverified_header(raw) == {
            "alg": "EdDSA",
            "typ": "JWT",
            "kid": key.kid,
        }
        verified = jwt.decode(
            raw,
            key.public,
            algorithms=["EdDSA"],
            audience=str(CLUB),
            issuer=django_settings.JWT_ISSUER,
        )
        assert verified["sub"] == str(UUID(int=1))

    def test_never_repeats_an_id(self) -> None:
        ids = {claims(str(tokens.access_for(principal())))["jti"] for _ in range(20)}
        assert len(ids) == 20


class TestRefreshFor:
    def test_lives_thirty_days_and_says_nothing_of_permissions(self) -> None:
        found = claims(str(tokens.refresh_for(principal())))
        assert set(found) == DESIGNED - {"permissions"} | {"token_type"}
        assert found["exp"] - found["iat"] == 30 * 24 * 3600


class TestAudienceOf:
    def test_is_the_club_or_the_platform(self) -> None:
        assert tokens.audience_of(CLUB) == str(CLUB)
        assert tokens.audience_of(None) == "platform"


def changed(change: Callable[[dict[str, Any]], Any]) -> str:
    """Return an access token whose claims somebody with our key has changed."""
    key = keys.signing_key()
    found = claims(str(tokens.access_for(principal())))
    change(found)
    return jwt.encode(found, key.private, algorithm="EdDSA", headers={"kid": key.kid})


def signed(key: Any, algorithm: str, headers: dict[str, str] | None = None) -> str:
    """Return an access token signed in another way."""
    found = claims(str(tokens.access_for(principal())))
    return jwt.encode(found, key, algorithm=algorithm, headers=headers)


class TestRead:
    def test_gives_the_token_back(self) -> None:
        raw = str(tokens.access_for(principal()))
        assert tokens.read(tokens.AccessToken, raw, CLUB)["sub"] == str(UUID(int=1))

    @pytest.mark.parametrize("raw", ["", "x", "a.b.c", "é", "e30.e30.", "." * 50])
    def test_refuses_what_is_no_token(self, raw: str) -> None:
        with pytest.raises(InvalidToken):
            tokens.read(tokens.AccessToken, raw, CLUB)

    def test_refuses_another_clubs(self) -> None:
        raw = str(tokens.access_for(principal()))
        with pytest.raises(InvalidToken):
            tokens.read(tokens.AccessToken, raw, OTHER_CLUB)
        with pytest.raises(InvalidToken):
            tokens.read(tokens.AccessToken, raw, None)

    def test_asks_the_platforms_own_for_a_support_session(self) -> None:
        raw = str(tokens.access_for(principal(club_id=None)))
        with pytest.raises(SupportSessionRequired):
            tokens.read(tokens.AccessToken, raw, CLUB)

    def test_verifies_a_signature_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        raw = str(tokens.access_for(principal()))
        tokens.read(tokens.AccessToken, raw, CLUB)
        another = str(tokens.access_for(principal()))
        monkeypatch.setattr(tokens._backend, "decode", None)
        assert tokens.read(tokens.AccessToken, raw, CLUB)["sub"] == str(UUID(int=1))
        with pytest.raises(TypeError):  # another one is looked at
            tokens.read(tokens.AccessToken, another, CLUB)

    def test_refuses_one_that_was_read_before_and_is_over(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        token = tokens.access_for(principal())
        raw, end = str(token), datetime.fromtimestamp(token["exp"], UTC)
        tokens.read(tokens.AccessToken, raw, CLUB)
        monkeypatch.setattr(tokens.clock, "now", lambda: end - timedelta(seconds=1))
        tokens.read(tokens.AccessToken, raw, CLUB)
        monkeypatch.setattr(tokens.clock, "now", lambda: end)
        with pytest.raises(InvalidToken):
            tokens.read(tokens.AccessToken, raw, CLUB)

    def test_refuses_one_that_was_read_before_its_key_was_taken_away(self, settings: Any) -> None:
        raw = str(tokens.access_for(principal()))
        tokens.read(tokens.AccessToken, raw, CLUB)
        settings.JWT_KEYS = [b"another key's seed of 32 bytes.."]
        with pytest.raises(InvalidToken):
            tokens.read(tokens.AccessToken, raw, CLUB)

    def test_refuses_one_of_another_kind(self) -> None:
        access = str(tokens.access_for(principal()))
        refresh = str(tokens.refresh_for(principal()))
        with pytest.raises(InvalidToken):
            tokens.read(tokens.RefreshToken, access, CLUB)
        with pytest.raises(InvalidToken):
            tokens.read(tokens.AccessToken, refresh, CLUB)

    def test_refuses_one_that_is_over(self) -> None:
        token = tokens.access_for(principal())
        token.set_exp(from_time=clock.now(), lifetime=timedelta(seconds=-1))
        with pytest.raises(InvalidToken):
            tokens.read(tokens.AccessToken, str(token), CLUB)

    @pytest.mark.parametrize("claim", ["sub", "sid", "aud", "iat", "jti", "exp", "token_type"])
    def test_refuses_one_without(self, claim: str) -> None:
        with pytest.raises(InvalidToken):
            tokens.read(tokens.AccessToken, changed(lambda found: found.pop(claim)), CLUB)

    def test_refuses_one_of_another_issuer(self) -> None:
        raw = changed(lambda found: found.update(iss="https://elsewhere"))
        with pytest.raises(InvalidToken):
            tokens.read(tokens.AccessToken, raw, CLUB)

    def test_takes_one_that_is_signed_by_hand_but_right(self) -> None:
        """So that the refusals here are about what was changed."""
        raw = changed(lambda found: None)
        assert tokens.read(tokens.AccessToken, raw, CLUB)["sub"] == str(UUID(int=1))

    def test_refuses_one_whose_text_was_changed(self) -> None:
        head, body, signature = str(tokens.access_for(principal())).split(".")
        _, other, _ = str(tokens.access_for(principal(user_id=UUID(int=7)))).split(".")
        assert other != body
        with pytest.raises(InvalidToken):
            tokens.read(tokens.AccessToken, f"{head}.{other}.{signature}", CLUB)

    def test_refuses_one_without_a_signature(self) -> None:
        raw = signed("", "none", {"kid": keys.signing_key().kid})
        with pytest.raises(InvalidToken):
            tokens.read(tokens.AccessToken, raw, CLUB)

    def test_refuses_one_that_takes_the_public_key_for_a_password(self) -> None:
        key = keys.signing_key()
        raw = signed(key.public.public_bytes_raw(), "HS256", {"kid": key.kid})
        with pytest.raises(InvalidToken):
            tokens.read(tokens.AccessToken, raw, CLUB)

    @pytest.mark.parametrize("headers", [None, {"kid": "unknown"}])
    def test_refuses_one_that_names_no_key_of_ours(self, headers: dict[str, str] | None) -> None:
        raw = signed(keys.signing_key().private, "EdDSA", headers)
        with pytest.raises(InvalidToken):
            tokens.read(tokens.AccessToken, raw, CLUB)


class TestKeyChange:
    def test_new_keys_sign_while_old_ones_verify_until_they_are_removed(
        self, settings: Settings
    ) -> None:
        settings.JWT_KEYS = (b"o" * 32,)
        old = str(tokens.access_for(principal()))
        settings.JWT_KEYS = (b"n" * 32, b"o" * 32)
        new = str(tokens.access_for(principal()))
        kids = [jwt.get_unverified_header(raw)["kid"] for raw in (new, old)]
        assert kids == list(keys.all_keys())
        assert tokens.read(tokens.AccessToken, old, CLUB)
        assert tokens.read(tokens.AccessToken, new, CLUB)
        settings.JWT_KEYS = (b"n" * 32,)
        assert tokens.read(tokens.AccessToken, new, CLUB)
        with pytest.raises(InvalidToken):
            tokens.read(tokens.AccessToken, old, CLUB)
