"""Settings that the platform's safety hangs on."""

from django.conf import settings


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


class TestErrors:
    def test_are_never_debug_pages(self) -> None:
        assert settings.DEBUG is False
