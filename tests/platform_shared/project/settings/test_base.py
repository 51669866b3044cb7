"""Settings that the platform's safety hangs on."""

from django.conf import settings

from platform_shared.project.settings import base


class TestApps:
    def test_that_clubs_and_platform_share_are_two_alone(self) -> None:
        both = set(settings.SHARED_APPS) & set(settings.TENANT_APPS)
        assert both == {"platform_shared.accounts", "platform_shared.idempotency"}

    def test_are_all_installed(self) -> None:
        assert set(settings.SHARED_APPS) | set(settings.TENANT_APPS) == set(settings.INSTALLED_APPS)


class TestPasswords:
    def test_are_hashed_with_argon2_in_tests_too(self) -> None:
        (hasher,) = settings.PASSWORD_HASHERS
        assert hasher.endswith("QuickArgon2")


class TestThrottles:
    def test_are_as_they_are_declared_unless_everybody_has_one_address(self) -> None:
        assert base.THROTTLE_SHARED_FACTOR == 1


class TestErrors:
    def test_are_never_debug_pages(self) -> None:
        assert settings.DEBUG is False
