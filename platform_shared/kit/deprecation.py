"""How an operation is taken leave of: announced (RFC 9745), then switched off (RFC 8594)."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any

from django.utils.http import http_date


@dataclass(frozen=True, slots=True)
class Deprecation:
    """Since when an operation should not be used any more, until when it answers, and why.

    ``link`` leads to what there is instead; it is a URL, absolute or from the host's root. Days
    begin at midnight UTC.
    """

    since: date
    link: str
    sunset: date | None = None

    def __post_init__(self) -> None:
        if self.sunset is not None and self.sunset <= self.since:
            raise ValueError("nothing is switched off before it is announced")

    def headers(self) -> dict[str, str]:
        """Return what every answer of the operation says, ``Link`` among it."""
        said = {"Deprecation": f"@{_seconds(self.since)}"}
        links = [f'<{self.link}>; rel="deprecation"']
        if self.sunset is not None:
            said["Sunset"] = http_date(_seconds(self.sunset))
            links.append(f'<{self.link}>; rel="sunset"')
        return {**said, "Link": ", ".join(links)}

    def document(self) -> dict[str, Any]:
        """Return what the OpenAPI document says beside ``deprecated: true``."""
        told = {"since": self.since.isoformat(), "link": self.link}
        return told if self.sunset is None else {**told, "sunset": self.sunset.isoformat()}


def _seconds(day: date) -> int:
    return int(datetime.combine(day, time(), UTC).timestamp())
