"""Create a system admin, who signs in on the platform host."""

import getpass
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from platform_shared.accounts import selectors, services
from platform_shared.accounts.api.serializers import NewSystemUserSerializer
from platform_shared.accounts.models import User
from platform_shared.kit import clock
from platform_shared.kit.access import Role
from platform_shared.kit.errors import DomainError


class Command(BaseCommand):
    help = "Create a system admin (safe to repeat: an existing one is left as it is)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--email", required=True)
        parser.add_argument("--password", help="Asked for on a terminal when missing.")
        parser.add_argument(
            "--new-link",
            action="store_true",
            help="Give one who exists a fresh link to set a password; older links end.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        payload = NewSystemUserSerializer(data={"email": options["email"]})
        if not payload.is_valid():
            raise CommandError("--email: " + " ".join(map(str, payload.errors["email"])))
        email, password = payload.validated_data["email"], options["password"]
        existing = selectors.find_by_email(email)
        if existing is not None and not options["new_link"]:
            self.stdout.write(f"{email} exists already; nothing changed")
            return
        if existing is None and password is None and sys.stdin.isatty():
            password = getpass.getpass("Password: ")
        try:
            link = self._link_for(existing, email, password)
        except DomainError as error:
            raise CommandError(f"{error.code}: {error.detail}") from error
        done = f"created {email}" if existing is None else f"{email} exists already"
        self.stdout.write(done + (f"; set a password at {link}" if link else ""))

    def _link_for(self, existing: User | None, email: str, password: str | None) -> str | None:
        """Make the account if there is none; return a link where a password has to be set."""
        if existing is not None:
            return services.renew_password_link(
                user_id=existing.pk, roles=[Role.SYSTEM_ADMIN], now=clock.now()
            )
        _, link = services.create_user(
            email=email, name="", role=Role.SYSTEM_ADMIN, password=password, now=clock.now()
        )
        return link
