"""A developer's machine: the stack under ``.local/``, sample data, nothing from outside."""

from platform_shared.project.settings.base import *  # noqa: F403
from platform_shared.project.settings.base import INSTALLED_APPS, SHARED_APPS

SHARED_APPS = [*SHARED_APPS, "deploy.local"]
INSTALLED_APPS = [*INSTALLED_APPS, "deploy.local"]
THROTTLE_SHARED_FACTOR = 10
