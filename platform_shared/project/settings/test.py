"""The test suite: fixed secrets that protect nothing, cheap password hashing."""

from platform_shared.project.settings.base import *  # noqa: F403
from platform_shared.project.settings.base import INSTALLED_APPS, SHARED_APPS

SHARED_APPS = [*SHARED_APPS, "deploy.local"]
INSTALLED_APPS = [*INSTALLED_APPS, "deploy.local"]
PASSWORD_HASHERS = ["platform_shared.project.settings.test_hasher.QuickArgon2"]
THROTTLE_SHARED_FACTOR = 10
