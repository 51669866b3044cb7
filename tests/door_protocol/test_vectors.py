"""The published vectors are what their maker writes, and this platform's codec passes them."""

import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import base45
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tenant_apps.qr_codes import tokens
from tests.door_protocol import make_vectors

DOCUMENT: dict[str, Any] = json.loads(make_vectors.VECTORS_FILE.read_text(encoding="utf-8"))
VECTORS: list[dict[str, str]] = DOCUMENT["vectors"]
NOW = datetime.fromisoformat(DOCUMENT["now"])


def verifying_keys(club: str) -> dict[bytes, bytes]:
    """Return a club's public keys by key id, as the file lists them."""
    return {
        bytes.fromhex(key["key_id_hex"]): bytes.fromhex(key["public_key_hex"])
        for key in DOCUMENT[club]["verifying_keys"]
    }


def judged(code: str, *, club: str = "club") -> str:
    """Judge a code as a door of the named club does."""
    return tokens.judge_token(
        code,
        verifying_keys=verifying_keys(club),
        known_codes={UUID(known) for known in DOCUMENT[club]["known_codes"]},
        now=NOW,
    )


class TestTheFile:
    def test_is_what_its_maker_writes(self) -> None:
        assert make_vectors.VECTORS_FILE.read_text(encoding="utf-8") == make_vectors.render()

    def test_names_each_vector_once(self) -> None:
        names = [vector["name"] for vector in VECTORS]
        assert len(set(names)) == len(names)

    def test_holds_every_answer_about_a_token(self) -> None:
        answers = {vector["expect"] for vector in VECTORS}
        assert answers == {"ok", "unknown_code", "bad_signature", "code_expired"}

    def test_gives_the_same_moment_twice(self) -> None:
        assert datetime.fromtimestamp(DOCUMENT["now_seconds"], UTC) == NOW

    def test_shows_the_bytes_that_each_code_stands_for(self) -> None:
        for vector in VECTORS:
            if "bytes_hex" in vector:
                text: bytes = base45.b45encode(bytes.fromhex(vector["bytes_hex"]))
                assert vector["code"] == "QC1:" + text.decode()

    def test_publishes_keys_that_follow_from_their_seeds(self) -> None:
        for key in DOCUMENT["test_keys"].values():
            private = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(key["seed_hex"]))
            public = private.public_key().public_bytes_raw()
            assert public.hex() == key["public_key_hex"]
            assert tokens.key_id_of(public).hex() == key["key_id_hex"]


class TestTheCodec:
    @pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
    def test_answers_as_published(self, vector: dict[str, str]) -> None:
        assert judged(vector["code"]) == vector["expect"]

    @pytest.mark.parametrize(
        "vector", [v for v in VECTORS if v["expect"] == "ok"], ids=lambda vector: vector["name"]
    )
    def test_issues_the_published_code_again(self, vector: dict[str, str]) -> None:
        token = tokens.decode(vector["code"])
        seed = next(
            bytes.fromhex(key["seed_hex"])
            for key in DOCUMENT["test_keys"].values()
            if key["key_id_hex"] == token.key_id.hex()
        )
        expiry = datetime.fromtimestamp(token.expires_at, UTC) if token.expires_at else None
        code = tokens.issue_static(
            private_key=Ed25519PrivateKey.from_private_bytes(seed),
            code_id=token.code_id,
            expires_at=expiry,
        )
        assert code == vector["code"]

    def test_lets_the_second_club_use_its_own_code(self) -> None:
        code = next(v["code"] for v in VECTORS if v["name"] == "second_club")
        assert judged(code, club="second_club") == "ok"

    def test_knows_no_code_of_the_club_at_the_second_club(self) -> None:
        answers = {judged(v["code"], club="second_club") for v in VECTORS if v["expect"] == "ok"}
        assert answers == {"unknown_code"}
