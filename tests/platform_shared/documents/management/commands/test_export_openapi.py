"""The committed OpenAPI documents are those of the code."""

import pytest
from django.core.management import CommandError, call_command
from drf_spectacular.drainage import warn
from drf_spectacular.generators import SchemaGenerator

from platform_shared.documents.management.commands import export_openapi
from platform_shared.documents.management.commands.export_openapi import HOSTS, document


class TestCommand:
    def test_finds_the_committed_documents_up_to_date(self) -> None:
        call_command("export_openapi", "--check")


class TestDocument:
    def test_is_named_after_its_host(self) -> None:
        assert document(HOSTS["platform"])["info"]["title"] == "QR Check-in: platform"

    def test_refuses_what_had_to_be_guessed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def guess(*args: object, **kwargs: object) -> dict[str, str]:
            warn("could not resolve something")
            return {}

        monkeypatch.setattr(SchemaGenerator, "get_schema", guess)
        with pytest.raises(CommandError, match="could not resolve something"):
            document(HOSTS["platform"])
        export_openapi.GENERATOR_STATS.reset()

    def test_refuses_what_is_no_valid_document(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(SchemaGenerator, "get_schema", lambda *a, **k: {"openapi": "3.1.1"})
        with pytest.raises(Exception, match=r"is a required property|not valid"):
            document(HOSTS["platform"])
