"""Look after the clubs' signing keys."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from platform_shared.clubs import selectors as club_selectors
from platform_shared.kit import clock
from platform_shared.kit.errors import DomainError
from platform_shared.tenancy import binding
from platform_shared.tenancy.club_ref import ClubRef
from tenant_apps.qr_codes import keys


class Command(BaseCommand):
    help = "Look after one club's signing keys, or reseal all clubs' under a new master key."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        rotate = actions.add_parser("rotate", help="sign with a new key from now on")
        rotate.add_argument("--club", required=True, help="slug")
        retire = actions.add_parser("retire", help="stop accepting what a key signed")
        retire.add_argument("--club", required=True, help="slug")
        retire.add_argument("--key", required=True, help="key id, 8 hex digits")
        listing = actions.add_parser("list", help="show a club's keys, newest first")
        listing.add_argument("--club", required=True, help="slug")
        actions.add_parser("reseal", help="after a new first entry in MASTER_KEYS")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["action"] == "reseal":
            for club in club_selectors.list_clubs():
                with binding.club(ClubRef.of(club)):
                    self.stdout.write(f"{club.slug}: {keys.reseal_all()} keys sealed anew")
            return
        chosen = club_selectors.find_by_slug(options["club"])
        if chosen is None:
            raise CommandError(f"no club has the slug {options['club']!r}")
        with binding.club(ClubRef.of(chosen)):
            if options["action"] == "list":
                for key in keys.list_keys():
                    self.stdout.write(f"{key}: {key.status}, since {key.created_at:%Y-%m-%d}")
                return
            try:
                key = (
                    keys.rotate(now=clock.now())
                    if options["action"] == "rotate"
                    else keys.retire(key_id=bytes.fromhex(options["key"]), now=clock.now())
                )
            except ValueError as error:
                raise CommandError("--key is not a key id") from error
            except DomainError as error:
                raise CommandError(f"{error.code}: {error.detail}") from error
            self.stdout.write(f"{key}: {key.status}")
