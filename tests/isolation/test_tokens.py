"""A token opens what its audience says and nothing else, whoever signed it."""

import base64
import json
from datetime import timedelta
from typing import Any
from uuid import UUID

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from platform_shared.accounts import keys, selectors, tokens
from platform_shared.accounts import services as account_services
from platform_shared.accounts.models import RefreshToken, Session
from platform_shared.accounts.services import SignedIn
from platform_shared.kit import clock
from platform_shared.kit.access import Role
from platform_shared.tenancy import binding
from tests.support import api
from tests.support.api import PLATFORM_HOST, Caller
from tests.support.world import BORN, PASSWORD, ClubWorld


def signed_in(club: ClubWorld, role: Role = Role.CLUB_ADMIN) -> SignedIn:
    with binding.club(club.ref):
        return account_services.sign_in(email=club.email(role), password=PASSWORD, now=clock.now())


def support_token(root: Caller, club: ClubWorld) -> str:
    opened = root.post(f"clubs/{club.ref.id}/support-sessions", {"reason": "x", "minutes": 5})
    token: str = opened.json()["access"]
    return token


def refused(club: ClubWorld, token: str) -> bool:
    """Return whether the club's host takes the token for nobody's."""
    answer = Caller(club.host, token).get("me")
    return answer.status_code == 401 and answer.json()["code"] == "invalid_token"


def claims_of(token: str) -> dict[str, Any]:
    claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return claims


def forged(
    token: str, *, key: Any = None, algorithm: str = "EdDSA", kid: str | None = None, **claims: Any
) -> str:
    """Return ``token`` with other claims, signed anew; by our own key unless another is given."""
    ours = keys.signing_key()
    return jwt.encode(
        claims_of(token) | claims,
        ours.private if key is None else key,
        algorithm=algorithm,
        headers={"kid": kid or ours.kid},
    )


class TestTokensOfAnotherClub:
    def test_open_nothing(self, club_a: ClubWorld, club_b: ClubWorld) -> None:
        foreign = signed_in(club_b)
        assert Caller(club_b.host, foreign.access).get("me").status_code == 200
        assert refused(club_a, foreign.access)

    def test_of_a_support_session_open_nothing(
        self, club_a: ClubWorld, club_b: ClubWorld, root: Caller
    ) -> None:
        foreign = support_token(root, club_b)
        assert Caller(club_b.host, foreign).get("me").status_code == 200
        assert refused(club_a, foreign)
        assert Caller(PLATFORM_HOST, foreign).get("me").status_code == 401

    def test_would_open_the_door_if_the_audience_were_not_looked_at(
        self, club_a: ClubWorld, club_b: ClubWorld, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Where, by a freak, the session exists in both clubs, only the audience stands."""
        foreign = signed_in(club_b)
        sid = UUID(claims_of(foreign.access)["sid"])
        with binding.club(club_a.ref):
            admin = selectors.find_by_email(club_a.email(Role.CLUB_ADMIN))
            assert admin is not None
            Session.objects.create(
                id=sid, user=admin, created_at=BORN, expires_at=clock.now() + timedelta(days=1)
            )
        twin = forged(foreign.access, sub=str(admin.id))
        assert refused(club_a, twin)
        foreign_audience = tokens.audience_of(club_b.ref.id)
        monkeypatch.setattr(tokens, "audience_of", lambda club_id: foreign_audience)
        assert not refused(club_a, twin)


class TestRefreshTokenOfAnotherClub:
    @pytest.mark.parametrize("path", ["auth/token/refresh", "auth/logout"])
    def test_is_refused_and_goes_on_working_at_home(
        self, path: str, club_a: ClubWorld, club_b: ClubWorld
    ) -> None:
        foreign = signed_in(club_b)
        answer = Caller(club_a.host).post(path, {"refresh": foreign.refresh})
        assert (answer.status_code, answer.json()["code"]) == (401, "invalid_token")
        with binding.club(club_b.ref):
            assert not Session.objects.filter(revoked_at__isnull=False).exists()
            assert not RefreshToken.objects.filter(spent_at__isnull=False).exists()
        home = Caller(club_b.host)
        assert home.post("auth/token/refresh", {"refresh": foreign.refresh}).status_code == 200

    def test_of_the_platform_is_refused_and_goes_on_working_there(self, club_a: ClubWorld) -> None:
        with binding.platform():
            root = account_services.sign_in(
                email="root@platform.test", password=PASSWORD, now=clock.now()
            )
        answer = Caller(club_a.host).post("auth/token/refresh", {"refresh": root.refresh})
        assert answer.status_code == 403
        assert answer.json()["code"] == "support_session_required"
        home = Caller(PLATFORM_HOST)
        assert home.post("auth/token/refresh", {"refresh": root.refresh}).status_code == 200


class TestKindsOfTokens:
    def test_are_not_taken_for_each_other(self, club_a: ClubWorld) -> None:
        own = signed_in(club_a)
        assert refused(club_a, own.refresh)
        answer = Caller(club_a.host).post("auth/token/refresh", {"refresh": own.access})
        assert answer.status_code == 401


class TestForgedTokens:
    def test_would_open_the_door_signed_by_our_own_key(
        self, club_a: ClubWorld, club_b: ClubWorld
    ) -> None:
        """What the others below lack is the signature alone."""
        own = signed_in(club_a).access
        assert not refused(club_a, forged(own))
        assert not refused(club_a, forged(own, role="customer"))

    def test_by_an_unknown_key_open_nothing(self, club_a: ClubWorld) -> None:
        own, stranger = signed_in(club_a).access, Ed25519PrivateKey.generate()
        assert refused(club_a, forged(own, key=stranger))
        assert refused(club_a, forged(own, key=stranger, kid="0123456789abcdef"))

    def test_without_an_algorithm_open_nothing(self, club_a: ClubWorld) -> None:
        own = signed_in(club_a).access
        assert refused(club_a, forged(own, key="", algorithm="none"))
        header = base64.urlsafe_b64encode(b'{"alg":"none","typ":"JWT"}').rstrip(b"=").decode()
        assert refused(club_a, f"{header}.{own.split('.')[1]}.")

    def test_with_the_public_key_as_a_shared_secret_open_nothing(self, club_a: ClubWorld) -> None:
        """Algorithm confusion (RFC 8725, 2.1): the public key is known to everybody."""
        own = signed_in(club_a).access
        public = keys.signing_key().public.public_bytes_raw()
        assert refused(club_a, forged(own, key=public, algorithm="HS256"))

    @pytest.mark.parametrize("claim", ["aud", "clubId", "sub", "role"])
    def test_by_an_altered_payload_open_nothing(
        self, claim: str, club_a: ClubWorld, club_b: ClubWorld
    ) -> None:
        other = signed_in(club_b).access
        header, payload, signature = other.split(".")
        claims = claims_of(other)
        claims[claim] = claims_of(signed_in(club_a, Role.CLUB_STAFF).access)[claim]
        body = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
        assert body != payload
        assert refused(club_a, f"{header}.{body}.{signature}")
        assert refused(club_b, f"{header}.{body}.{signature}")

    @pytest.mark.parametrize("claim", ["sub", "sid", "aud", "iat", "exp", "jti", "token_type"])
    def test_lacking_a_claim_open_nothing(self, claim: str, club_a: ClubWorld) -> None:
        own = signed_in(club_a).access
        claims = claims_of(own)
        del claims[claim]
        ours = keys.signing_key()
        lacking = jwt.encode(claims, ours.private, algorithm="EdDSA", headers={"kid": ours.kid})
        assert refused(club_a, lacking)

    @pytest.mark.parametrize("audience", ["", "platform ", "*", None, [], ["a", "b"]])
    def test_of_a_strange_audience_open_nothing(self, audience: Any, club_a: ClubWorld) -> None:
        assert refused(club_a, forged(signed_in(club_a).access, aud=audience))

    def test_naming_several_audiences_open_none(self, club_a: ClubWorld, club_b: ClubWorld) -> None:
        both = [str(club_a.ref.id), str(club_b.ref.id)]
        assert refused(club_a, forged(signed_in(club_a).access, aud=both))

    def test_naming_another_account_than_their_session_open_nothing(
        self, club_a: ClubWorld
    ) -> None:
        staff = claims_of(signed_in(club_a, Role.CLUB_STAFF).access)["sub"]
        assert refused(club_a, forged(signed_in(club_a).access, sub=staff))

    def test_with_another_clubs_session_open_nothing(
        self, club_a: ClubWorld, club_b: ClubWorld
    ) -> None:
        own, other = signed_in(club_a).access, claims_of(signed_in(club_b).access)
        assert refused(club_a, forged(own, sid=other["sid"], sub=other["sub"]))

    def test_taking_a_clubs_session_for_support_open_nothing(self, club_a: ClubWorld) -> None:
        assert refused(club_a, forged(signed_in(club_a).access, support=True))

    def test_taking_support_for_a_clubs_session_open_nothing(
        self, club_a: ClubWorld, root: Caller
    ) -> None:
        assert refused(club_a, forged(support_token(root, club_a), support=False))

    def test_that_have_expired_open_nothing(self, club_a: ClubWorld) -> None:
        own = signed_in(club_a).access
        past = int((clock.now() - timedelta(seconds=1)).timestamp())
        assert refused(club_a, forged(own, exp=past))


class TestCredentials:
    def test_of_another_club_are_wrong(self, club_a: ClubWorld, club_b: ClubWorld) -> None:
        theirs = {"email": club_b.email(Role.CLUB_ADMIN), "password": PASSWORD}
        answer = Caller(club_a.host).post("auth/token", theirs)
        assert (answer.status_code, answer.json()["code"]) == (401, "invalid_credentials")

    def test_of_the_platform_are_wrong(self, club_a: ClubWorld, root: Caller) -> None:
        theirs = {"email": "root@platform.test", "password": PASSWORD}
        assert Caller(club_a.host).post("auth/token", theirs).status_code == 401
        assert Caller(PLATFORM_HOST).post("auth/token", theirs).status_code == 200

    def test_of_the_same_email_are_each_clubs_own(
        self, club_a: ClubWorld, club_b: ClubWorld
    ) -> None:
        email = "both@accounts.test"
        passwords = {club_a.host: "correct-horse-first", club_b.host: "correct-horse-second"}
        for club in (club_a, club_b):
            new = {"email": email, "role": "club_staff", "password": passwords[club.host]}
            assert api.as_role(club, Role.CLUB_ADMIN).post("staff", new).status_code == 201
        tried = {
            (host, password): Caller(host)
            .post("auth/token", {"email": email, "password": password})
            .status_code
            for host in passwords
            for password in passwords.values()
        }
        assert {key for key, status in tried.items() if status == 200} == set(passwords.items())

    def test_to_be_set_by_another_clubs_link_are_not(
        self, club_a: ClubWorld, club_b: ClubWorld, admin_a: Caller
    ) -> None:
        new = {"email": "linked@alpha.test", "role": "club_staff"}
        link = admin_a.post("staff", new).json()["password_link"]
        secret = link.partition("?token=")[2]
        body = {"token": secret, "password": "correct-horse-third"}
        assert Caller(club_b.host).get(f"auth/password?token={secret}").status_code == 404
        assert Caller(club_b.host).post("auth/password", body).status_code == 404
        assert Caller(PLATFORM_HOST).post("auth/password", body).status_code == 404
        assert Caller(club_a.host).post("auth/password", body).status_code == 204
