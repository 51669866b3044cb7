"""Production starts with a complete environment, and says at once what is missing."""

from tests.platform_shared.project.settings.starting import start
from tests.platform_shared.project.test_env import COMPLETE


class TestProduction:
    def test_does_not_start_without_its_secrets(self) -> None:
        process = start("production", BASE_DOMAIN="clubs.example", SECRET_KEY="x")
        assert process.returncode != 0
        assert process.stderr.strip().endswith(
            "Missing environment variables: DATABASE_URL, REDIS_URL, JWT_KEYS, MASTER_KEYS"
        )

    def test_starts_without_anything_that_only_developers_need(self) -> None:
        process = start("production", **COMPLETE)
        assert process.stdout.split("\n")[0] == (
            "False ('HTTP_X_FORWARDED_PROTO', 'https') https://platform.clubs.example https "
            "['django.contrib.auth.hashers.Argon2PasswordHasher'] False"
        ), process.stderr
