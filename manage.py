#!/usr/bin/env python
"""Django's command line for this project; commands start out bound to the platform's schema."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "platform_shared.project.settings.local")
    from django.core.management import execute_from_command_line

    from platform_shared.tenancy import binding

    binding.default_to_platform()
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
