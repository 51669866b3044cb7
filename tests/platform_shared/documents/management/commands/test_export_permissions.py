"""The committed table of permissions is that of the code."""

from django.core.management import call_command

from platform_shared.documents.management.commands.export_openapi import HOSTS
from platform_shared.documents.management.commands.export_permissions import Command, routes
from platform_shared.kit.access import Open, Permission


class TestCommand:
    def test_finds_the_committed_document_up_to_date(self) -> None:
        call_command("export_permissions", "--check")

    def test_shows_matrix_permissions_and_routes(self) -> None:
        (text,) = Command().render().values()
        assert "| Create users | yes | own club | – | – |" in text
        assert "| `door.scan` | yes | yes | yes | – |" in text
        assert "| POST | `/api/v1/auth/token` | everybody |" in text
        assert "| POST | `/api/v1/clubs` | `clubs.manage` |" in text
        assert "| PATCH | `/api/v1/staff/<uuid:user_id>` | `users.manage` |" in text


class TestRoutes:
    def test_are_those_of_each_kind_of_host(self) -> None:
        platform, club = ({route[:2] for route in routes(urlconf)} for urlconf in HOSTS.values())
        assert ("POST", "/api/v1/clubs") in platform - club
        assert ("POST", "/api/v1/door/scans") in club - platform
        assert ("POST", "/api/v1/auth/token") in club & platform

    def test_all_declare_what_they_need(self) -> None:
        for urlconf in HOSTS.values():
            for method, path, rule in routes(urlconf):
                assert isinstance(rule, Permission | Open), (method, path)
