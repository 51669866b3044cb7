"""The database itself refuses to change what is only ever added."""

import pytest
from django.db import IntegrityError, connection, transaction

from platform_shared.tenancy.append_only import protect
from tests.support.world import ClubWorld

CHANGES = ["UPDATE notes SET text = 'b'", "DELETE FROM notes", "TRUNCATE notes"]


def run(*statements: str) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


class TestProtect:
    @pytest.fixture(autouse=True)
    def _notes(self, bound_a: ClubWorld) -> None:
        run("CREATE TABLE notes (text text)", "INSERT INTO notes VALUES ('a')")

    @pytest.mark.parametrize("change", CHANGES)
    def test_refuses_every_change_but_adding(self, change: str) -> None:
        run(str(protect("notes").sql))
        run("INSERT INTO notes VALUES ('c')")
        with pytest.raises(IntegrityError, match="notes is append-only"), transaction.atomic():
            run(change)

    @pytest.mark.parametrize("change", CHANGES)
    def test_is_what_refuses_it(self, change: str) -> None:
        run(change)

    def test_can_be_lifted_by_migrating_back(self) -> None:
        run(str(protect("notes").sql), str(protect("notes").reverse_sql), CHANGES[0])
