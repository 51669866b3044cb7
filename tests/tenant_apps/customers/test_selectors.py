"""Finding and locking customers."""

import pytest

from platform_shared.accounts import selectors as account_selectors
from platform_shared.kit.access import Role
from platform_shared.kit.errors import InvalidInput, NotFound
from platform_shared.kit.ids import new_id
from platform_shared.tenancy import binding
from tenant_apps.customers import selectors
from tests.support.world import ClubWorld


class TestGetCustomer:
    def test_knows_the_clubs_own_alone(self, club_a: ClubWorld, club_b: ClubWorld) -> None:
        with binding.club(club_a.ref):
            assert selectors.get_customer(club_a.customer).name == "Carla of alpha"
            for unknown in (club_b.customer, new_id()):
                with pytest.raises(NotFound):
                    selectors.get_customer(unknown)


class TestGetByUser:
    def test_finds_whose_login_it_is(self, bound_a: ClubWorld) -> None:
        user = account_selectors.find_by_email(bound_a.email(Role.CUSTOMER))
        assert user is not None
        assert selectors.get_by_user(user.id).id == bound_a.customer

    def test_says_that_an_account_is_no_customers(self, bound_a: ClubWorld) -> None:
        user = account_selectors.find_by_email(bound_a.email(Role.CLUB_STAFF))
        assert user is not None
        with pytest.raises(NotFound):
            selectors.get_by_user(user.id)


class TestLockCustomer:
    def test_locks_the_row(self, bound_a: ClubWorld) -> None:
        assert selectors.lock_customer(bound_a.customer).id == bound_a.customer
        assert "FOR NO KEY UPDATE" in str(selectors.lock_rows(bound_a.customer).query)

    def test_says_that_there_is_nobody(self, bound_a: ClubWorld) -> None:
        with pytest.raises(NotFound):
            selectors.lock_customer(new_id())


class TestLockUnmerged:
    def test_says_that_there_is_nobody(self, bound_a: ClubWorld) -> None:
        assert selectors.lock_unmerged(bound_a.customer).id == bound_a.customer
        with pytest.raises(NotFound):
            selectors.lock_unmerged(new_id())


class TestLockNamed:
    def test_names_the_field(self, bound_a: ClubWorld) -> None:
        assert selectors.lock_named(bound_a.customer).id == bound_a.customer
        with pytest.raises(InvalidInput) as refused:
            selectors.lock_named(new_id())
        (error,) = refused.value.errors
        assert (error.field, error.code) == ("customer", "does_not_exist")


class TestLockRowsOf:
    def test_locks_whom_the_subquery_names(self, bound_a: ClubWorld) -> None:
        (row,) = selectors.lock_rows_of(selectors.ids_of(bound_a.customer))
        assert row.id == bound_a.customer
        assert not selectors.lock_rows_of(selectors.ids_of(new_id()))
