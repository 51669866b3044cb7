"""Take the documents as they are for what integrators have from now on."""

from datetime import date
from typing import Any

import yaml
from django.core.management.base import BaseCommand, CommandError

from platform_shared.documents import changelog, generated
from platform_shared.documents.management.commands.export_openapi import HOSTS, document
from platform_shared.kit import clock


class Command(BaseCommand):
    help = "Write docs/openapi/released/ and give what the changelog has unreleased its version."

    def handle(self, *args: Any, **options: Any) -> None:
        documents = {host: document(urlconf) for host, urlconf in HOSTS.items()}
        version = documents["club"]["info"]["version"]
        text = (generated.DOCS / changelog.CHANGELOG).read_text()
        if f"\n## {version} (" in text:
            raise CommandError(f"{version} is released; raise VERSION in SPECTACULAR_SETTINGS")
        untold = changelog.untold(changelog.since_release(documents))
        if untold:
            lines = "\n".join(
                f"- {'breaking: ' if change.breaking else ''}`{change.name}`" for change in untold
            )
            raise CommandError(f"say in docs/{changelog.CHANGELOG} what changed:\n{lines}")
        today: date = clock.now().date()
        (generated.DOCS / changelog.CHANGELOG).write_text(changelog.released_text(version, today))
        folder = generated.DOCS / changelog.RELEASED
        folder.mkdir(parents=True, exist_ok=True)
        for host, described in documents.items():
            dumped = yaml.safe_dump(described, sort_keys=False, allow_unicode=True, width=100)
            (folder / f"{host}.yaml").write_text(dumped)
        self.stdout.write(f"released {version}")
