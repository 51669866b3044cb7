"""The few facts about a club that every request needs, small enough to cache everywhere."""

from dataclasses import asdict, dataclass
from typing import Any, Self
from uuid import UUID


@dataclass(frozen=True, slots=True)
class ClubRef:
    """A club as routing sees it: its immutable id, its schema, and what formats its answers."""

    id: UUID
    slug: str
    schema_name: str
    status: str
    time_zone: str
    currency: str

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "id": str(self.id)}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        return cls(**{**data, "id": UUID(data["id"])})

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
        )
