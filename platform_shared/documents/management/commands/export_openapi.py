"""Write the two OpenAPI documents, valid and without a warning."""

import io
from contextlib import redirect_stderr
from typing import Any

import yaml
from django.core.management.base import CommandError
from django.utils.module_loading import import_string
from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.settings import patched_settings
from drf_spectacular.validation import validate_schema

from platform_shared.documents.generated import GenerateCommand
from platform_shared.documents.generator import Generator

HOSTS = {
    "platform": "platform_shared.project.urls_platform",
    "club": "platform_shared.project.urls_club",
}


def document(urlconf: str) -> dict[str, Any]:
    """Return the OpenAPI document of one kind of host.

    Raises:
        CommandError: it does not validate, or drf-spectacular had to guess something.
    """
    warnings = io.StringIO()
    with (
        patched_settings({"TITLE": import_string(f"{urlconf}.TITLE")}),
        redirect_stderr(warnings),
    ):
        generator = Generator(urlconf=urlconf)  # type: ignore[no-untyped-call]
        schema: dict[str, Any] = generator.get_schema(public=True)  # type: ignore[no-untyped-call]
        if GENERATOR_STATS:
            GENERATOR_STATS.emit_summary()
            raise CommandError(f"{urlconf}:\n{warnings.getvalue()}")
    validate_schema(schema)  # type: ignore[no-untyped-call]
    return schema


class Command(GenerateCommand):
    help = "Write docs/openapi/{platform,club}.yaml."

    def render(self) -> dict[str, str]:
        return {
            f"openapi/{host}.yaml": yaml.safe_dump(
                document(urlconf), sort_keys=False, allow_unicode=True, width=100
            )
            for host, urlconf in HOSTS.items()
        }
