"""The matrix agreed with the clubs, word by word, and what is generated from it."""

from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from platform_shared.documents import generated
from platform_shared.kit import access
from platform_shared.kit.access import MATRIX, ROLE_PERMISSIONS, Permission, Role

# As agreed; the permission beside each row is the one that every finer one must not contradict.
AGREED = """
row               | permission         | system admin | club admin | club staff | customer
Manage clubs      | clubs.manage       | yes          | –          | –          | –
Create users      | users.manage       | yes          | own club   | –          | –
Manage packages   | packages.manage    | yes          | own club   | –          | –
Scan QR codes     | door.scan          | yes          | yes        | yes        | –
View reports      | reports.view       | yes          | own club   | own club   | own
Manage customers  | customers.manage   | yes          | own club   | own club   | –
Purchase packages | packages.purchase  | –            | –          | –          | yes
View own data     | own.view           | yes          | yes        | yes        | yes
"""
ROLES = (Role.SYSTEM_ADMIN, Role.CLUB_ADMIN, Role.CLUB_STAFF, Role.CUSTOMER)


def agreed() -> dict[str, tuple[str, ...]]:
    """Return the cells after each row's name: the permission, then one for each of ``ROLES``."""
    lines = [line.split("|") for line in AGREED.strip().splitlines()[1:]]
    return {name.strip(): tuple(cell.strip() for cell in cells) for name, *cells in lines}


def of_code() -> dict[str, tuple[str, ...]]:
    return {
        name: (str(row.permission), *(row.cell(role) for role in ROLES))
        for name, row in MATRIX.items()
    }


class TestMatrix:
    def test_comes_out_of_the_permissions_unchanged(self) -> None:
        assert of_code() == agreed()

    def test_would_change_with_a_permission_too_many(self, monkeypatch: pytest.MonkeyPatch) -> None:
        more = ROLE_PERMISSIONS[Role.CLUB_STAFF] | {Permission.PACKAGES_MANAGE}
        monkeypatch.setitem(ROLE_PERMISSIONS, Role.CLUB_STAFF, more)
        assert of_code() != agreed()

    @pytest.mark.parametrize("role", ROLES)
    def test_grants_by_row_exactly_what_the_cell_says(self, role: Role) -> None:
        column = 1 + ROLES.index(role)
        granted = {cells[0] for cells in agreed().values() if cells[column] in ("yes", "own club")}
        rows = {cells[0] for cells in agreed().values()}
        assert {str(p) for p in ROLE_PERMISSIONS[role]} & rows == granted

    def test_gives_a_customer_only_their_own_reports(self) -> None:
        customer = ROLE_PERMISSIONS[Role.CUSTOMER]
        assert Permission.REPORTS_VIEW_OWN in customer
        assert Permission.REPORTS_VIEW not in customer

    def test_speaks_of_every_role(self) -> None:
        assert set(ROLE_PERMISSIONS) == set(Role) == set(ROLES)

    def test_leaves_no_permission_to_nobody(self) -> None:
        assert frozenset().union(*ROLE_PERMISSIONS.values()) == frozenset(access.Permission)


class TestDocument:
    def test_is_what_the_code_generates(self) -> None:
        call_command("export_permissions", check=True)

    def test_would_be_found_out_of_date(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        written = (generated.DOCS / "permissions.md").read_text()
        (tmp_path / "permissions.md").write_text(written.replace("| yes |", "| no |", 1))
        monkeypatch.setattr(generated, "DOCS", tmp_path)
        with pytest.raises(CommandError, match=r"permissions\.md"):
            call_command("export_permissions", check=True)
