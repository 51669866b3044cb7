"""Production: every secret comes from the environment; a missing one stops the start."""

from platform_shared.project.settings.base import *  # noqa: F403

SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
