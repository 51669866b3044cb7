"""Files that say what the code says: written by one command, checked by CI."""

from abc import ABC, abstractmethod
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

DOCS = Path(__file__).resolve().parents[2] / "docs"


class GenerateCommand(BaseCommand, ABC):
    """A command that writes files below ``docs/``, or with ``--check`` says which have drifted."""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--check", action="store_true", help="Write nothing; fail on drift.")

    @abstractmethod
    def render(self) -> dict[str, str]:
        """Return the text of each file by its path below ``docs/``."""

    def handle(self, *args: Any, **options: Any) -> None:
        drifted = []
        for name, text in self.render().items():
            path = DOCS / name
            if path.exists() and path.read_text() == text:
                continue
            drifted.append(name)
            if not options["check"]:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
                self.stdout.write(f"wrote docs/{name}")
        if drifted and options["check"]:
            raise CommandError(f"out of date: {', '.join(drifted)}; run `make docs`")
