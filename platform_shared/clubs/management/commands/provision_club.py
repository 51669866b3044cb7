"""Provision a club from the command line; the API's ``POST /clubs`` uses the same service."""

import getpass
import json
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from platform_shared.clubs import services
from platform_shared.clubs.api.serializers import ClubSerializer, NewClubSerializer
from platform_shared.kit import clock
from platform_shared.kit.errors import DomainError

PROMPTS = {
    "name": "Name of the club: ",
    "slug": "Slug (the host's first label): ",
    "plan": "Plan (its code): ",
    "time_zone": "Time zone (IANA): ",
    "currency": "Currency (ISO 4217): ",
    "admin_email": "E-mail of the first admin: ",
}


class Command(BaseCommand):
    help = (
        "Provision a club: schema, host, keys and first admin, all or nothing. "
        "Repeating it for an existing slug changes nothing."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        for field, question in PROMPTS.items():
            parser.add_argument(f"--{field.replace('_', '-')}", help=question.rstrip(": "))
        parser.add_argument("--admin-password", help="Without it the answer has a one-time link.")
        parser.add_argument("--json", action="store_true", help="Print the result as JSON.")

    def handle(self, *args: Any, **options: Any) -> None:
        data = self._validated(self._complete(options))
        admin = data.pop("admin")
        quiet = options["json"]
        try:
            made = services.provision_club(
                **data,
                admin_email=admin["email"],
                admin_password=admin.get("password"),
                now=clock.now(),
                progress=lambda message: None if quiet else self.stdout.write(f"  {message}"),
                repeatable=True,
            )
        except DomainError as error:
            raise CommandError(f"{error.code}: {error.detail}") from error
        result = {**ClubSerializer(made.club).data, "created": made.created, **made.extras}
        if quiet:
            self.stdout.write(json.dumps(result, default=str))
            return
        verb = "provisioned" if made.created else "exists already, nothing changed:"
        self.stdout.write(self.style.SUCCESS(f"{verb} {made.club.slug}"))
        for field in ("id", "hosts", "status", "password_link"):
            if result.get(field):
                self.stdout.write(f"  {field}: {result[field]}")

    def _complete(self, options: dict[str, Any]) -> dict[str, Any]:
        """Return the options, asking for what is missing when somebody is there to answer."""
        missing = [field for field in PROMPTS if not options[field]]
        if missing and not sys.stdin.isatty():
            flags = ", ".join(f"--{field.replace('_', '-')}" for field in missing)
            raise CommandError(f"missing: {flags}")
        for field in missing:
            options[field] = input(PROMPTS[field]).strip()
        if missing and options["admin_password"] is None:
            options["admin_password"] = getpass.getpass("Password (empty: a link): ") or None
        return options

    def _validated(self, options: dict[str, Any]) -> dict[str, Any]:
        admin = {"email": options["admin_email"]}
        if options["admin_password"] is not None:
            admin["password"] = options["admin_password"]
        fields = ("name", "slug", "plan", "time_zone", "currency")
        serializer = NewClubSerializer(data={**{f: options[f] for f in fields}, "admin": admin})
        if not serializer.is_valid():
            raise CommandError(json.dumps(serializer.errors, default=str))
        result: dict[str, Any] = dict(serializer.validated_data)
        return result
