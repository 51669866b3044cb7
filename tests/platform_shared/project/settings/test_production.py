"""Production starts with a complete environment, and says at once what is missing."""

import os
import subprocess
import sys

from tests.platform_shared.project.test_env import COMPLETE

SCRIPT = """
import django
django.setup()
from django.conf import settings
print(settings.DEBUG, settings.SECURE_PROXY_SSL_HEADER, settings.JWT_ISSUER,
      settings.EXTERNAL_SCHEME, settings.PASSWORD_HASHERS, "deploy.local" in settings.INSTALLED_APPS)
"""


def start(**environ: str) -> subprocess.CompletedProcess[str]:
    """Load the production settings in a process that has this environment and no other."""
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME")}
    module = {"DJANGO_SETTINGS_MODULE": "platform_shared.project.settings.production"}
    return subprocess.run(
        [sys.executable, "-c", SCRIPT],
        env={**kept, **module, **environ},
        capture_output=True,
        text=True,
        check=False,
    )


class TestProduction:
    def test_does_not_start_without_its_secrets(self) -> None:
        process = start(BASE_DOMAIN="clubs.example", SECRET_KEY="x")
        assert process.returncode != 0
        assert process.stderr.strip().endswith(
            "Missing environment variables: DATABASE_URL, REDIS_URL, JWT_KEYS, MASTER_KEYS"
        )

    def test_starts_without_anything_that_only_developers_need(self) -> None:
        process = start(**COMPLETE)
        assert process.stdout.split("\n")[0] == (
            "False ('HTTP_X_FORWARDED_PROTO', 'https') https://platform.clubs.example https "
            "['django.contrib.auth.hashers.Argon2PasswordHasher'] False"
        ), process.stderr
