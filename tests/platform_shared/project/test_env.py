"""The environment is read once, typed, and complains by name."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from platform_shared.project import env

KEY = base64.urlsafe_b64encode(b"k" * 32).rstrip(b"=").decode()
OLD = base64.urlsafe_b64encode(b"o" * 32).rstrip(b"=").decode()
COMPLETE = {
    "DATABASE_URL": "postgresql://app:secret@db.internal:6432/clubs?sslmode=require",
    "REDIS_URL": "redis://cache.internal/1",
    "SECRET_KEY": "quite secret",
    "JWT_KEYS": f"{KEY},{OLD}",
    "MASTER_KEYS": KEY,
    "BASE_DOMAIN": "Clubs.Example",
}


class TestRead:
    def test_gives_typed_values(self) -> None:
        found = env.read(COMPLETE, "production")
        assert found.database == {
            "NAME": "clubs",
            "USER": "app",
            "PASSWORD": "secret",
            "HOST": "db.internal",
            "PORT": "6432",
            "OPTIONS": {**env.DATABASE_OPTIONS, "sslmode": "require"},
        }
        assert found.redis_url == "redis://cache.internal/1"
        assert found.secret_key == "quite secret"
        assert found.jwt_keys == (b"k" * 32, b"o" * 32)
        assert found.master_keys == (b"k" * 32,)
        assert found.base_domain == "clubs.example"
        assert found.platform_hosts == ("platform.clubs.example",)
        assert found.platform_origins == frozenset()
        assert found.external_scheme == "https"
        assert found.external_port is None
        assert found.mail_from == "no-reply@clubs.example"
        assert found.log_level == "INFO"

    def test_takes_what_may_be_said_otherwise(self) -> None:
        found = env.read(
            COMPLETE
            | {
                "PLATFORM_HOSTS": "Ops.Example, platform.example,",
                "PLATFORM_ORIGINS": "https://ops.example.com, http://localhost:3000,",
                "EXTERNAL_SCHEME": "http",
                "EXTERNAL_PORT": "8443",
                "FILES_ROOT": "/srv/files",
                "EMAIL_FROM": "Clubs <clubs@clubs.example>",
                "LOG_LEVEL": "DEBUG",
            },
            "production",
        )
        assert found.platform_hosts == ("ops.example", "platform.example")
        assert found.platform_origins == {"https://ops.example.com", "http://localhost:3000"}
        assert (found.external_scheme, found.external_port) == ("http", 8443)
        assert found.files_root == Path("/srv/files")
        assert found.mail_from == "Clubs <clubs@clubs.example>"
        assert found.log_level == "DEBUG"

    def test_takes_proxies_as_addresses_and_networks(self) -> None:
        named = {**COMPLETE, "TRUSTED_PROXIES": "127.0.0.1, 10.0.0.0/24,fd00::/64,"}
        found = env.read(named, "production").trusted_proxies
        assert found == ("127.0.0.1/32", "10.0.0.0/24", "fd00::/64")
        assert env.read(COMPLETE, "production").trusted_proxies == ()

    @pytest.mark.parametrize("text", ["proxy.internal", "10.0.0.1/24", "*"])
    def test_names_proxies_that_are_none(self, text: str) -> None:
        with pytest.raises(ImproperlyConfigured, match="TRUSTED_PROXIES"):
            env.read({**COMPLETE, "TRUSTED_PROXIES": text}, "production")

    def test_gives_a_silent_database_up_when_the_url_says_not_how(self) -> None:
        url = COMPLETE["DATABASE_URL"] + "&connect_timeout=60&keepalives=0"
        options = env.read(COMPLETE | {"DATABASE_URL": url}, "production").database["OPTIONS"]
        assert options == {
            "sslmode": "require",
            "connect_timeout": "60",
            "keepalives": "0",
            "tcp_user_timeout": "15000",
            "keepalives_idle": "10",
            "keepalives_interval": "5",
            "keepalives_count": "3",
        }

    def test_names_everything_that_production_misses(self) -> None:
        with pytest.raises(ImproperlyConfigured) as refused:
            env.read({}, "production")
        assert str(refused.value) == (
            "Missing environment variables: "
            "DATABASE_URL, REDIS_URL, SECRET_KEY, JWT_KEYS, MASTER_KEYS, BASE_DOMAIN"
        )

    @pytest.mark.parametrize("name", COMPLETE)
    def test_takes_an_empty_variable_for_a_missing_one(self, name: str) -> None:
        with pytest.raises(ImproperlyConfigured, match=f"^Missing environment variables: {name}$"):
            env.read(COMPLETE | {name: ""}, "production")

    @pytest.mark.parametrize("name", ["JWT_KEYS", "MASTER_KEYS"])
    @pytest.mark.parametrize(
        "text", [" ", ",", KEY[:-2], KEY + "AA", "!" * 43, f"{KEY},short", f"{KEY},{KEY}"]
    )
    def test_names_keys_that_are_none_without_showing_them(self, name: str, text: str) -> None:
        with pytest.raises(ImproperlyConfigured) as refused:
            env.read(COMPLETE | {name: text}, "production")
        assert str(refused.value).startswith(f"{name}: ")
        assert KEY[:8] not in str(refused.value)
        assert refused.value.__cause__ is None

    @pytest.mark.parametrize("text", ["*", "https://ops.example.com/", "http://ops.example.com"])
    def test_names_an_origin_that_is_none(self, text: str) -> None:
        with pytest.raises(ImproperlyConfigured, match=r"^PLATFORM_ORIGINS: .* is no origin"):
            env.read(COMPLETE | {"PLATFORM_ORIGINS": text}, "production")

    @pytest.mark.parametrize("url", ["mysql://x", "postgresql://[", "not a url"])
    def test_names_a_database_that_is_none(self, url: str) -> None:
        with pytest.raises(ImproperlyConfigured, match="DATABASE_URL is not a PostgreSQL URL"):
            env.read(COMPLETE | {"DATABASE_URL": url}, "production")

    @pytest.mark.parametrize("port", ["http", "-1", "80.5", "²"])
    def test_names_a_port_that_is_none(self, port: str) -> None:
        with pytest.raises(ImproperlyConfigured, match="EXTERNAL_PORT is not a number"):
            env.read(COMPLETE | {"EXTERNAL_PORT": port}, "production")


class TestMailer:
    def mailer(self, url: str) -> dict[str, Any]:
        return env.read(COMPLETE | {"EMAIL_URL": url}, "production").mailer

    def test_is_off_where_nothing_is_said(self) -> None:
        assert env.read(COMPLETE, "production").mailer == self.mailer("")
        assert self.mailer("") == {"BACKEND": "platform_shared.mail.backends.OffBackend"}

    @pytest.mark.parametrize(
        ("url", "port", "tls", "ssl"),
        [
            ("smtp://relay.internal", 25, False, False),
            ("smtp+tls://relay.internal", 587, True, False),
            ("smtps://relay.internal", 465, False, True),
            ("smtps://relay.internal:2465", 2465, False, True),
        ],
    )
    def test_is_a_server(self, url: str, port: int, tls: bool, ssl: bool) -> None:
        found = self.mailer(url)
        assert found["BACKEND"] == "django.core.mail.backends.smtp.EmailBackend"
        options = found["OPTIONS"]
        assert (options["host"], options["port"]) == ("relay.internal", port)
        assert (options["use_tls"], options["use_ssl"]) == (tls, ssl)
        assert 0 < options["timeout"] < 60
        assert (options["username"], options["password"]) == ("", "")

    def test_signs_in_with_what_a_url_has_to_escape(self) -> None:
        options = self.mailer("smtps://us%40er:p%2Fw@relay.internal")["OPTIONS"]
        assert (options["username"], options["password"]) == ("us@er", "p/w")

    def test_is_a_folder(self) -> None:
        found = self.mailer("file:///srv/our%20mail")
        assert found["BACKEND"] == "platform_shared.mail.backends.ClubFileBackend"
        assert found["OPTIONS"] == {"file_path": "/srv/our mail"}

    @pytest.mark.parametrize(
        "url",
        ["x", "http://a", "smtp://", "smtp://:25", "smtp://u:secret@a:port", "smtp://[", "file://"],
    )
    def test_is_named_when_it_is_none_without_showing_it(self, url: str) -> None:
        with pytest.raises(ImproperlyConfigured, match=r"^EMAIL_URL is neither") as refused:
            self.mailer(url)
        assert "secret" not in str(refused.value)
        assert refused.value.__cause__ is None

    @pytest.mark.parametrize(("kind", "folder"), [("local", "mail"), ("test", "test-mail")])
    def test_is_a_folder_of_the_checkout_elsewhere(self, kind: str, folder: str) -> None:
        found = env.read(COMPLETE, kind)
        assert found.mailer["OPTIONS"] == {"file_path": str(env.ROOT / ".local" / folder)}


class TestLocalFallback:
    @pytest.fixture
    def state(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        """Where the local stack would write what it has started."""
        monkeypatch.setattr(env, "ROOT", tmp_path)
        (tmp_path / ".local").mkdir()
        return tmp_path / ".local" / "stack.json"

    def test_is_what_the_local_stack_has_written(self, state: Path) -> None:
        state.write_text(json.dumps({"env": COMPLETE | {"BASE_DOMAIN": "localhost"}}))
        found = env.read({}, "local")
        assert found.redis_url == COMPLETE["REDIS_URL"]
        assert found.base_domain == "localhost"
        assert (found.external_scheme, found.external_port) == ("http", 8000)
        assert found.files_root == state.parent / "files"

    def test_gives_way_to_the_environment(self, state: Path) -> None:
        state.write_text(json.dumps({"env": COMPLETE}))
        assert env.read({"REDIS_URL": "redis://other/0"}, "local").redis_url == "redis://other/0"

    def test_says_how_to_get_one(self, state: Path) -> None:
        for given in ({}, {"DATABASE_URL": ""}):
            with pytest.raises(ImproperlyConfigured, match="make demo"):
                env.read(given, "local")

    def test_is_not_needed_when_the_environment_is_complete(self, state: Path) -> None:
        assert env.read(COMPLETE, "local").database["HOST"] == "db.internal"

    def test_is_none_in_production(self, state: Path) -> None:
        state.write_text(json.dumps({"env": COMPLETE}))
        with pytest.raises(ImproperlyConfigured, match="Missing"):
            env.read({}, "production")


class TestTestFallback:
    def test_has_fixed_secrets_and_reaches_nothing(self) -> None:
        found = env.read({}, "test")
        assert found == env.read({}, "test")
        assert found.database["PORT"] == "1"
        assert found.redis_url == "redis://127.0.0.1:1/0"
        secrets = {found.secret_key, *found.jwt_keys, *found.master_keys}
        assert len(secrets) == 3

    def test_gives_way_to_the_environment(self) -> None:
        assert env.read({"SECRET_KEY": "x"}, "test").secret_key == "x"


class TestLoad:
    def test_goes_by_the_settings_module(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for name, value in COMPLETE.items():
            monkeypatch.setenv(name, value)
        monkeypatch.delenv("EXTERNAL_SCHEME", raising=False)
        for kind, scheme in (("production", "https"), ("local", "http")):
            monkeypatch.setenv("DJANGO_SETTINGS_MODULE", f"platform_shared.project.settings.{kind}")
            assert env.load().external_scheme == scheme
