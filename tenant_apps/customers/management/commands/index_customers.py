"""Fill what customers are found and told by, for those who were there before it was kept."""

from typing import Any

from django.core.management.base import BaseCommand

from platform_shared.clubs import selectors as club_selectors
from platform_shared.tenancy import binding
from platform_shared.tenancy.club_ref import ClubRef
from tenant_apps.customers import services


class Command(BaseCommand):
    help = "Bring search terms, numbers and name keys of all clubs' customers up to date."

    def handle(self, *args: Any, **options: Any) -> None:
        for club in club_selectors.list_clubs():
            with binding.club(ClubRef.of(club)):
                self.stdout.write(f"{club.slug}: {services.index_all()} customers")
