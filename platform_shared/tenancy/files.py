"""Files: one storage prefix per club, chosen by its immutable id."""

from pathlib import Path

from django.core.files.storage import FileSystemStorage

from platform_shared.tenancy import binding


class ClubFileStorage(FileSystemStorage):
    """Keeps every file below ``<location>/<scope>/``; Django refuses names that climb out."""

    @property
    def location(self) -> str:
        return str(Path(self.base_location).absolute() / binding.scope())
