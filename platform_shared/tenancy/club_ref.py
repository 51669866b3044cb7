"""The few facts about a club that every request needs, small enough to cache everywhere."""

from dataclasses import asdict, dataclass
from datetime import time
from typing import Any, Self
from uuid import UUID


@dataclass(frozen=True, slots=True)
class ClubRef:
    """A club as routing sees it: its immutable id, its schema, and what formats its answers.

    ``origins`` are those of the sites whose pages may call it from a browser;
    ``time_zone`` and ``night_at`` (local) say where one of its days ends and the next begins.
    """

    id: UUID
    slug: str
    schema_name: str
    status: str
    time_zone: str
    currency: str
    night_at: time
    origins: frozenset[str]

    def to_json(self) -> dict[str, Any]:
        return {
            **asdict(self),
            "id": str(self.id),
            "night_at": self.night_at.isoformat(),
            "origins": sorted(self.origins),
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        typed = {
            "id": UUID(data["id"]),
            "night_at": time.fromisoformat(data["night_at"]),
            "origins": frozenset(data["origins"]),
        }
        return cls(**{**data, **typed})

    @classmethod
    def of(cls, club: Any) -> Self:
        """Return the reference of a ``clubs.Club`` row."""
        return cls(
            id=club.id,
            slug=club.slug,
            schema_name=club.schema_name,
            status=club.status,
            time_zone=club.time_zone,
            currency=club.currency,
            night_at=club.night_at,
            origins=frozenset(club.origins),
        )
