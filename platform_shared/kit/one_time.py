"""Secrets of links that work once: whoever has the link has it, the database its SHA-256."""

import hashlib
import secrets


def new_secret() -> str:
    """Return 256 random bits, fit to stand in a URL."""
    return secrets.token_urlsafe(32)


def digest(secret: str) -> bytes:
    """Return what is kept of a secret, 32 bytes; it has too many bits to need a slow hash."""
    return hashlib.sha256(secret.encode()).digest()
