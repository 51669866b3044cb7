"""Create a system admin, who signs in on the platform host."""

import getpass
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from platform_shared.accounts import selectors, services
from platform_shared.kit import clock
from platform_shared.kit.access import Role
from platform_shared.kit.errors import DomainError


class Command(BaseCommand):
    help = "Create a system admin (safe to repeat: an existing one is left as it is)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--email", required=True)
        parser.add_argument("--password", help="Asked for on a terminal when missing.")

    def handle(self, *args: Any, **options: Any) -> None:
        email, password = options["email"], options["password"]
        if selectors.find_by_email(email) is not None:
            self.stdout.write(f"{email} exists already; nothing changed")
            return
        if password is None and sys.stdin.isatty():
            password = getpass.getpass("Password: ")
        try:
            _, link = services.create_user(
                email=email, name="", role=Role.SYSTEM_ADMIN, password=password, now=clock.now()
            )
        except DomainError as error:
            raise CommandError(f"{error.code}: {error.detail}") from error
        self.stdout.write(f"created {email}" + (f"; set a password at {link}" if link else ""))
