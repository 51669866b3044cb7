"""One command brings the public schema and every living club up to date."""

import io

import pytest
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from django.db.migrations.executor import MigrationExecutor

from platform_shared.clubs.enums import ClubStatus
from platform_shared.clubs.models import Club
from platform_shared.tenancy import binding
from tests.support.world import ClubWorld


def run() -> list[str]:
    """Run the command as ``manage.py`` does; return the lines it says."""
    output = io.StringIO()
    with binding.platform():
        call_command("migrate_platform", stdout=output)
    return output.getvalue().splitlines()


def is_append_only() -> bool:
    """Return whether the bound club's log of check-ins refuses changes."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("UPDATE checkins_checkin SET method = method")
    except IntegrityError:
        return True
    return False


@pytest.mark.usefixtures("club_a")
class TestCommand:
    def test_has_nothing_to_do_when_all_is_up_to_date(self) -> None:
        assert run() == [
            "public schema is up to date",
            "alpha: 0 migrations applied",
            "beta: 0 migrations applied",
        ]

    def test_brings_a_club_up_to_date_that_is_behind(self, club_b: ClubWorld) -> None:
        with binding.club(club_b.ref):
            assert is_append_only()
            MigrationExecutor(connection).migrate([("checkins", "0001_initial")])
            assert not is_append_only()
        lines = run()
        assert lines[1] == "alpha: 0 migrations applied"
        assert lines[2] != "beta: 0 migrations applied"
        with binding.club(club_b.ref):
            assert is_append_only()
        assert run()[2] == "beta: 0 migrations applied"

    def test_leaves_closed_clubs_alone(self, club_b: ClubWorld) -> None:
        with binding.club(club_b.ref):
            MigrationExecutor(connection).migrate([("checkins", "0001_initial")])
        with binding.platform():
            Club.objects.filter(pk=club_b.ref.id).update(status=ClubStatus.CLOSED)
        assert run() == ["public schema is up to date", "alpha: 0 migrations applied"]
        with binding.club(club_b.ref):
            assert not is_append_only()
