"""Starting a process with settings and an environment of its own."""

import os
import subprocess
import sys

SCRIPT = """
import django
django.setup()
from django.conf import settings
for_developers = "deploy.local" in settings.INSTALLED_APPS
print(settings.DEBUG, settings.SECURE_PROXY_SSL_HEADER, settings.JWT_ISSUER,
      settings.EXTERNAL_SCHEME, settings.PASSWORD_HASHERS, for_developers)
"""


def start(kind: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """Load the settings of a kind in a process that has this environment and no other."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name in ("PATH", "HOME") or name.startswith("COVERAGE_")
    }
    module = {"DJANGO_SETTINGS_MODULE": f"platform_shared.project.settings.{kind}"}
    return subprocess.run(
        [sys.executable, "-c", SCRIPT],
        env={**kept, **module, **environ},
        capture_output=True,
        text=True,
        check=False,
    )
