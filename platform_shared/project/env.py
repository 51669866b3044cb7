"""The environment, read once into one typed object; nothing else reads ``os.environ``.

Outside production the values fall back on what the local stack wrote to ``.local/stack.json``,
so that a bare ``manage.py`` finds the database that ``make demo`` or ``make services`` runs.
"""

import base64
import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured
from psycopg.conninfo import conninfo_to_dict

from platform_shared.kit.origins import is_origin
from platform_shared.kit.vault import parse_keys

ROOT = Path(__file__).resolve().parents[2]
REQUIRED = ("DATABASE_URL", "REDIS_URL", "SECRET_KEY", "JWT_KEYS", "MASTER_KEYS", "BASE_DOMAIN")
# When a connection is given up: by default libpq waits for ever for a server that has vanished.
DATABASE_OPTIONS = {
    "connect_timeout": "5",  # seconds, until the server has let us in
    "tcp_user_timeout": "15000",  # milliseconds, while what we sent is not acknowledged (Linux)
    "keepalives": "1",
    "keepalives_idle": "10",  # seconds, while we wait for an answer
    "keepalives_interval": "5",
    "keepalives_count": "3",
}
SMTP_PORTS = {"smtp": 25, "smtp+tls": 587, "smtps": 465}
SMTP_SECONDS = 30  # for each answer of the mail server: far less than an event's claim


@dataclass(frozen=True, slots=True)
class Environment:
    """Everything the process is told from outside.

    Attributes:
        jwt_keys: 32-byte Ed25519 seeds; the first signs, all of them verify.
        master_keys: 32-byte keys; the first encrypts, all of them decrypt.
        base_domain: club hosts are ``<slug>.<base_domain>``.
        trusted_proxies: networks (CIDR) whose word about a client's address is believed.
        platform_origins: of the sites whose pages may call the platform's API from a browser.
        external_scheme, external_port: how the outside reaches us, for links that we hand out.
        mailer: what sends mail, as an entry of Django's ``MAILERS``.
        mail_from: the sender of all mail.
    """

    database: dict[str, Any]
    redis_url: str
    secret_key: str
    jwt_keys: tuple[bytes, ...]
    master_keys: tuple[bytes, ...]
    base_domain: str
    platform_hosts: tuple[str, ...]
    trusted_proxies: tuple[str, ...]
    platform_origins: frozenset[str]
    external_scheme: str
    external_port: int | None
    files_root: Path
    mailer: dict[str, Any]
    mail_from: str
    log_level: str


def _keys(name: str, text: str) -> tuple[bytes, ...]:
    """Return the 32-byte values of a comma-separated, unpadded url-safe base64 list."""
    try:
        return tuple(parse_keys(text))
    except ValueError as error:
        raise ImproperlyConfigured(f"{name}: {error}") from None


def _origins(text: str) -> frozenset[str]:
    """Return the origins of a comma-separated list."""
    origins = {origin.strip() for origin in text.split(",") if origin.strip()}
    for origin in origins:
        if not is_origin(origin):
            raise ImproperlyConfigured(
                f"PLATFORM_ORIGINS: {origin!r} is no origin, as https://console.example.com is"
            )
    return frozenset(origins)


def _database(url: str) -> dict[str, Any]:
    try:
        parts = conninfo_to_dict(url)
    except Exception as error:
        raise ImproperlyConfigured("DATABASE_URL is not a PostgreSQL URL") from error
    return {
        "NAME": parts.pop("dbname", ""),
        "USER": parts.pop("user", ""),
        "PASSWORD": parts.pop("password", ""),
        "HOST": parts.pop("host", ""),
        "PORT": str(parts.pop("port", "") or ""),
        "OPTIONS": {**DATABASE_OPTIONS, **parts},
    }


def _mailer(url: str) -> dict[str, Any]:
    """Return the entry of ``MAILERS`` for a URL; an empty one sends nothing.

    ``smtp`` is plain, ``smtp+tls`` asks for TLS on the connection (RFC 3207), ``smtps`` begins
    with it; ``file`` writes below a folder.
    """
    if not url:
        return {"BACKEND": "platform_shared.mail.backends.OffBackend"}
    malformed = ImproperlyConfigured("EMAIL_URL is neither smtp, smtp+tls, smtps nor file")
    try:
        parts = urlsplit(url)
        port = parts.port or SMTP_PORTS.get(parts.scheme)
    except ValueError:
        raise malformed from None
    if parts.scheme == "file" and parts.path:
        options = {"file_path": unquote(parts.path)}
        return {"BACKEND": "platform_shared.mail.backends.ClubFileBackend", "OPTIONS": options}
    if port is None or not parts.hostname:
        raise malformed
    return {
        "BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "OPTIONS": {
            "host": parts.hostname,
            "port": port,
            "username": unquote(parts.username or ""),
            "password": unquote(parts.password or ""),
            "use_tls": parts.scheme == "smtp+tls",
            "use_ssl": parts.scheme == "smtps",
            "timeout": SMTP_SECONDS,
        },
    }


def _networks(text: str) -> tuple[str, ...]:
    """Return the networks of a comma-separated list of addresses and CIDR networks."""
    try:
        return tuple(str(ip_network(part.strip())) for part in text.split(",") if part.strip())
    except ValueError as error:
        raise ImproperlyConfigured(f"TRUSTED_PROXIES: {error}") from None


def _test_secret(purpose: str) -> str:
    digest = hashlib.sha256(f"qr-checkin test settings: {purpose}".encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _fallbacks(environ: Mapping[str, str], kind: str) -> dict[str, str]:
    """Return the values used where the environment is silent; none at all in production."""
    if kind == "local":
        state = ROOT / ".local" / "stack.json"
        stored = json.loads(state.read_text())["env"] if state.exists() else {}
        if not stored and not environ.get("DATABASE_URL"):
            raise ImproperlyConfigured(
                "No local stack yet: run `make demo` or `make services` first, or set DATABASE_URL."
            )
        mail = (ROOT / ".local" / "mail").as_uri()
        return {
            "BASE_DOMAIN": "localhost",
            "EXTERNAL_PORT": "8000",
            "EMAIL_URL": mail,
            **stored,
        }
    if kind == "test":
        return {
            "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none",
            "REDIS_URL": "redis://127.0.0.1:1/0",
            "SECRET_KEY": _test_secret("secret key"),
            "JWT_KEYS": _test_secret("jwt key"),
            "MASTER_KEYS": _test_secret("master key"),
            "BASE_DOMAIN": "localhost",
            "FILES_ROOT": str(ROOT / ".local" / "test-files"),
            "EMAIL_URL": (ROOT / ".local" / "test-mail").as_uri(),
        }
    return {}


def read(environ: Mapping[str, str], kind: str) -> Environment:
    """Return the typed environment for settings of ``kind`` (local, test or production).

    Raises:
        ImproperlyConfigured: naming every variable that is missing, or the one that is malformed.
    """
    values = {**_fallbacks(environ, kind), **{k: v for k, v in environ.items() if v}}
    missing = [name for name in REQUIRED if name not in values]
    if missing:
        raise ImproperlyConfigured(f"Missing environment variables: {', '.join(missing)}")
    local = kind != "production"
    domain = values["BASE_DOMAIN"].lower()
    port = values.get("EXTERNAL_PORT", "")
    if port and not port.isdecimal():
        raise ImproperlyConfigured("EXTERNAL_PORT is not a number")
    hosts = values.get("PLATFORM_HOSTS", f"platform.{domain}").lower()
    return Environment(
        database=_database(values["DATABASE_URL"]),
        redis_url=values["REDIS_URL"],
        secret_key=values["SECRET_KEY"],
        jwt_keys=_keys("JWT_KEYS", values["JWT_KEYS"]),
        master_keys=_keys("MASTER_KEYS", values["MASTER_KEYS"]),
        base_domain=domain,
        platform_hosts=tuple(h.strip() for h in hosts.split(",") if h.strip()),
        trusted_proxies=_networks(values.get("TRUSTED_PROXIES", "")),
        platform_origins=_origins(values.get("PLATFORM_ORIGINS", "")),
        external_scheme=values.get("EXTERNAL_SCHEME", "http" if local else "https"),
        external_port=int(port) if port else None,
        files_root=Path(values.get("FILES_ROOT", str(ROOT / ".local" / "files"))),
        mailer=_mailer(values.get("EMAIL_URL", "")),
        mail_from=values.get("EMAIL_FROM", f"no-reply@{domain}"),
        log_level=values.get("LOG_LEVEL", "INFO"),
    )


def load() -> Environment:
    """Return the environment of this process; the settings module chosen tells which kind."""
    kind = os.environ.get("DJANGO_SETTINGS_MODULE", "").rpartition(".")[2]
    return read(os.environ, kind)
