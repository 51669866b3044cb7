"""Domain errors say what happened even when nobody words it."""

from platform_shared.kit.errors import FieldError, InvalidInput, NotFound, missing_reference


class TestDomainError:
    def test_is_worded_by_its_title_unless_told_more(self) -> None:
        assert str(NotFound()) == NotFound.title == "Not found"
        assert NotFound("No such club.").detail == "No such club."

    def test_carries_what_else_the_client_may_use(self) -> None:
        assert NotFound(customer="42").extras == {"customer": "42"}


class TestInvalidInput:
    def test_names_every_field(self) -> None:
        error = InvalidInput(FieldError("a", "x", "Bad."), FieldError("b.0", "y", "Worse."))
        assert [e.field for e in error.errors] == ["a", "b.0"]
        assert error.detail == "a: Bad.; b.0: Worse."


class TestMissingReference:
    def test_names_the_field_that_points_nowhere(self) -> None:
        error = missing_reference("package")
        assert error.status == 400
        assert [(e.field, e.code) for e in error.errors] == [("package", "does_not_exist")]
