"""Refuse what would break integrators without a word in ``docs/api-changelog.md``."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from platform_shared.documents import changelog
from platform_shared.documents.management.commands.export_openapi import HOSTS, document


class Command(BaseCommand):
    help = "Fail for a breaking change since the last release that the changelog does not name."

    def handle(self, *args: Any, **options: Any) -> None:
        documents = {host: document(urlconf) for host, urlconf in HOSTS.items()}
        found = changelog.since_release(documents)
        untold = [change for change in changelog.untold(found) if change.breaking]
        if untold:
            lines = "\n".join(f"- breaking: `{change.name}`" for change in untold)
            raise CommandError(
                "these break who relies on the released documents. Undo them, or say under "
                f"Unreleased in docs/{changelog.CHANGELOG} what to do instead:\n{lines}"
            )
        self.stdout.write(f"{len(found)} changes of the API since its release")
