"""Files: one storage prefix per club, chosen by its immutable id."""

from pathlib import Path

from django.core.files.storage import FileSystemStorage

from platform_shared.tenancy import binding


class ClubFileStorage(FileSystemStorage):
    """Keeps every file below ``<location>/<scope>/``; Django refuses names that climb out."""

    def path(self, name: str) -> str:
        root = Path(self.base_location).absolute() / binding.scope()
        return str(FileSystemStorage(location=root).path(name))
