"""A developer's machine: what production has, sample data beside it, and plain HTTP."""

from tests.platform_shared.project.settings.starting import start
from tests.platform_shared.project.test_env import COMPLETE


class TestLocal:
    def test_differs_from_production_only_in_what_developers_need(self) -> None:
        process = start("local", **COMPLETE)
        assert process.stdout.split("\n")[0] == (
            "False None https://platform.clubs.example http "
            "['django.contrib.auth.hashers.Argon2PasswordHasher'] True"
        ), process.stderr
