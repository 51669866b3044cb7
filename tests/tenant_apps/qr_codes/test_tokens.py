"""Door codes survive the round trip, and nothing but a genuine one is ever accepted."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from tenant_apps.qr_codes import tokens
from tenant_apps.qr_codes.tokens import StaticToken, UndecodableCode
from tests.door_protocol.make_vectors import base45

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC_KEY = KEY.public_key().public_bytes_raw()
OTHER_PUBLIC_KEY = Ed25519PrivateKey.from_private_bytes(bytes(32)).public_key().public_bytes_raw()
CODE_ID = UUID("01979c6e-5a40-7c3e-8d21-4f6b0a9e1c01")
NOW = datetime(2027, 1, 15, 18, 0, tzinfo=UTC)
GOOD = tokens.issue_static(private_key=KEY, code_id=CODE_ID, expires_at=None)

static_tokens = st.builds(
    StaticToken,
    key_id=st.binary(min_size=4, max_size=4),
    code_id=st.uuids(),
    expires_at=st.integers(0, 2**32 - 1),
    signature=st.binary(min_size=64, max_size=64),
)


class EveryCode:
    """A club that knows every code id, so that only the signature stands in the way."""

    def __contains__(self, code_id: object) -> bool:
        return True


def judged(code: str, *, now: datetime = NOW) -> str:
    """Judge a code by the club's only key."""
    return tokens.judge_token(
        code,
        verifying_keys={tokens.key_id_of(PUBLIC_KEY): PUBLIC_KEY},
        known_codes=EveryCode(),
        now=now,
    )


def bytes_of(code: str) -> bytes:
    """Return a token's 89 bytes."""
    token = tokens.decode(code)
    return token.signed_part.removeprefix(b"qrcheckin/v1/static") + token.signature


def accepted_flips(raw: bytes, masks: Iterable[int]) -> list[int]:
    """Return the positions at which changing a byte by one of the masks still gives `ok`."""
    codes = (
        (index, "QC1:" + base45(raw[:index] + bytes([raw[index] ^ mask]) + raw[index + 1 :]))
        for mask in masks
        for index in range(len(raw))
    )
    return [index for index, code in codes if judged(code) == "ok"]


class TestDecode:
    @settings(deadline=None)
    @given(static_tokens)
    def test_reads_what_was_encoded(self, token: StaticToken) -> None:
        code = tokens.encode_static(token)
        assert len(code) == tokens.STATIC_CHARACTERS
        assert tokens.decode(code) == token

    @settings(deadline=None)
    @given(st.text("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:", min_size=133, max_size=134))
    def test_accepts_no_second_text_for_a_token(self, body: str) -> None:
        try:
            token = tokens.decode("QC1:" + body)
        except UndecodableCode:
            return
        assert tokens.encode_static(token) == "QC1:" + body

    @given(st.text())
    def test_refuses_any_other_text(self, text: str) -> None:
        with pytest.raises(UndecodableCode):
            tokens.decode(text)

    @pytest.mark.parametrize("code", [GOOD + "\n", GOOD[:-1] + "\n", GOOD.lower(), f" {GOOD[:-1]}"])
    def test_refuses_lenient_spellings(self, code: str) -> None:
        with pytest.raises(UndecodableCode):
            tokens.decode(code)

    def test_refuses_a_rotating_kind(self) -> None:
        with pytest.raises(UndecodableCode, match="kind"):
            tokens.decode("QC1:" + base45(b"\x12" + bytes_of(GOOD)[1:]))

    def test_never_works_on_a_text_of_another_length(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def untouched(_: str) -> bytes:
            raise AssertionError("the text was decoded")

        monkeypatch.setattr("base45.b45decode", untouched)
        for code in ("", GOOD[:-1], GOOD + "0", GOOD * 100_000):
            with pytest.raises(UndecodableCode, match="length"):
                tokens.decode(code)

    def test_keeps_the_code_out_of_its_errors(self) -> None:
        with pytest.raises(UndecodableCode) as caught:
            tokens.decode(GOOD[:-1] + "#")
        assert GOOD[4:12] not in str(caught.value)
        assert caught.value.__suppress_context__


class TestStaticToken:
    @pytest.mark.parametrize(
        ("key_id", "expires_at", "signature"),
        [
            (bytes(3), 0, bytes(64)),
            (bytes(5), 0, bytes(64)),
            (bytes(4), -1, bytes(64)),
            (bytes(4), 2**32, bytes(64)),
            (bytes(4), 0, bytes(63)),
        ],
    )
    def test_has_fields_of_fixed_size(
        self, key_id: bytes, expires_at: int, signature: bytes
    ) -> None:
        with pytest.raises(ValueError, match=r"bytes|32 bits"):
            StaticToken(key_id=key_id, code_id=CODE_ID, expires_at=expires_at, signature=signature)


class TestIssue:
    def test_gives_the_same_code_again(self) -> None:
        again = tokens.issue_static(private_key=KEY, code_id=CODE_ID, expires_at=None)
        assert again == GOOD

    def test_names_the_key_and_the_code(self) -> None:
        token = tokens.decode(GOOD)
        assert token.key_id == tokens.key_id_of(PUBLIC_KEY)
        assert token.code_id == CODE_ID
        assert token.expires_at == 0

    @settings(deadline=None)
    @given(code_id=st.uuids(), seconds=st.integers(1, 2**32 - 1))
    def test_is_accepted_until_its_expiry(self, code_id: UUID, seconds: int) -> None:
        expiry = datetime.fromtimestamp(seconds, UTC)
        code = tokens.issue_static(private_key=KEY, code_id=code_id, expires_at=expiry)
        assert judged(code, now=expiry - timedelta(microseconds=1)) == "ok"
        assert judged(code, now=expiry) == "code_expired"

    def test_keeps_the_moment_whatever_the_zone(self) -> None:
        local = NOW.astimezone(timezone(timedelta(hours=5, minutes=30)))
        codes = {
            tokens.issue_static(private_key=KEY, code_id=CODE_ID, expires_at=moment)
            for moment in (NOW, local)
        }
        assert len(codes) == 1

    @pytest.mark.parametrize(
        ("expires_at", "complaint"),
        [
            (NOW.replace(tzinfo=None), "naive"),
            (NOW.replace(microsecond=1), "whole second"),
            (datetime(1970, 1, 1, tzinfo=UTC), "between"),
            (datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC), "between"),
            (datetime(2106, 2, 7, 6, 28, 16, tzinfo=UTC), "between"),
        ],
    )
    def test_refuses_an_expiry_that_does_not_fit(
        self, expires_at: datetime, complaint: str
    ) -> None:
        with pytest.raises(ValueError, match=complaint):
            tokens.issue_static(private_key=KEY, code_id=CODE_ID, expires_at=expires_at)

    def test_takes_the_last_second_that_fits(self) -> None:
        last = datetime(2106, 2, 7, 6, 28, 15, tzinfo=UTC)
        code = tokens.issue_static(private_key=KEY, code_id=CODE_ID, expires_at=last)
        assert tokens.decode(code).expires_at == 2**32 - 1


class TestSignature:
    def test_holds_under_its_key_alone(self) -> None:
        token = tokens.decode(GOOD)
        assert tokens.signature_is_valid(token, PUBLIC_KEY)
        assert not tokens.signature_is_valid(token, OTHER_PUBLIC_KEY)

    def test_fails_loudly_for_what_is_no_key(self) -> None:
        with pytest.raises(ValueError, match="32"):
            tokens.signature_is_valid(tokens.decode(GOOD), PUBLIC_KEY[:31])
        with pytest.raises(ValueError, match="32"):
            tokens.key_id_of(PUBLIC_KEY[:31])

    def test_lets_no_flipped_bit_through(self) -> None:
        assert accepted_flips(bytes_of(GOOD), [1 << bit for bit in range(8)]) == []

    @settings(deadline=None)
    @given(mask=st.integers(1, 255), index=st.integers(0, 88), seconds=st.integers(0, 2**32 - 1))
    def test_lets_no_changed_byte_through(self, mask: int, index: int, seconds: int) -> None:
        expiry = datetime.fromtimestamp(seconds, UTC) if seconds else None
        raw = bytes_of(tokens.issue_static(private_key=KEY, code_id=CODE_ID, expires_at=expiry))
        changed = raw[:index] + bytes([raw[index] ^ mask]) + raw[index + 1 :]
        assert judged("QC1:" + base45(changed)) != "ok"

    def test_is_what_keeps_changed_bytes_out(self, monkeypatch: pytest.MonkeyPatch) -> None:
        # Negative control: without the check the flips from the code id on come through.
        monkeypatch.setattr(tokens, "signature_is_valid", lambda token, public_key: True)
        through = accepted_flips(bytes_of(GOOD), [0x80])
        assert set(range(5, 22)) | set(range(25, 89)) <= set(through)


class TestJudgement:
    @pytest.mark.parametrize(
        ("verifying_key", "code_is_known", "expiry", "reason"),
        [
            (PUBLIC_KEY, True, None, "ok"),
            (PUBLIC_KEY, True, NOW + timedelta(seconds=1), "ok"),
            (PUBLIC_KEY, True, NOW, "code_expired"),
            (OTHER_PUBLIC_KEY, True, None, "bad_signature"),
            (OTHER_PUBLIC_KEY, True, NOW, "bad_signature"),
            (PUBLIC_KEY, False, NOW, "unknown_code"),
            (OTHER_PUBLIC_KEY, False, NOW, "unknown_code"),
            (None, True, None, "unknown_code"),
            (None, False, NOW, "unknown_code"),
        ],
    )
    def test_gives_the_first_reason_that_holds(
        self,
        verifying_key: bytes | None,
        code_is_known: bool,
        expiry: datetime | None,
        reason: str,
    ) -> None:
        code = tokens.issue_static(private_key=KEY, code_id=CODE_ID, expires_at=expiry)
        answer = tokens.judge_static(
            tokens.decode(code), verifying_key=verifying_key, code_is_known=code_is_known, now=NOW
        )
        assert answer == reason

    def test_knows_no_code_that_it_cannot_read(self) -> None:
        assert judged("membership 4711") == "unknown_code"

    def test_refuses_a_naive_clock_even_for_codes_that_never_expire(self) -> None:
        with pytest.raises(ValueError, match="naive"):
            judged(GOOD, now=NOW.replace(tzinfo=None))
