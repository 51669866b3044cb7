"""The test settings without throttles: what happens where the guard is away."""

from platform_shared.project.settings.test import *  # noqa: F403
from platform_shared.project.settings.test import REST_FRAMEWORK

REST_FRAMEWORK = {**REST_FRAMEWORK, "DEFAULT_THROTTLE_CLASSES": []}
