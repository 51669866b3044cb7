"""Every error that a client is told about has a code of its own, a status and a title."""

import importlib
import re
from collections import Counter
from collections.abc import Iterator

import pytest

from platform_shared.kit import problem
from platform_shared.kit.errors import DomainError, FieldError, InvalidInput
from tests.architecture import source

CODE = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")


def errors() -> list[type[DomainError]]:
    """Return all of the product's errors; those of modules that nothing imports, too."""
    for path in source.files():
        if path.name == "errors.py":
            importlib.import_module(source.name_of(path).removesuffix(".py").replace("/", "."))

    def below(base: type[DomainError]) -> Iterator[type[DomainError]]:
        for sub in base.__subclasses__():
            yield sub
            yield from below(sub)

    return [
        error
        for error in below(DomainError)
        if error.__module__.startswith(("platform_shared.", "tenant_apps."))
    ]


def faults(found: list[type[DomainError]]) -> list[str]:
    """Return what is wrong with the errors' codes, statuses and titles."""
    wrong = []
    codes = Counter(error.__dict__.get("code", "") for error in found)
    for error in found:
        name, own = error.__name__, error.__dict__
        if not CODE.fullmatch(own.get("code", "")):
            wrong.append(f"{name}: no code of its own in snake_case")
        elif codes[own["code"]] > 1:
            wrong.append(f"{name}: {own['code']} is another error's code too")
        if own.get("status") not in (400, 401, 403, 404, 409, 410, 412, 413, 422, 428, 429):
            wrong.append(f"{name}: no status of its own that is the client's doing")
        if not own.get("title") or own["title"][0] != own["title"][0].upper():
            wrong.append(f"{name}: no title of its own")
        if own.get("title", "").endswith("."):
            wrong.append(f"{name}: a title is no sentence")
    return wrong


class TestErrors:
    def test_have_a_code_of_their_own_a_status_and_a_title(self) -> None:
        assert faults(errors()) == []
        assert len(errors()) > 20

    def test_would_be_found_without(self) -> None:
        class Nameless(DomainError):
            pass

        class Shouting(DomainError):
            code, status, title = "NotSnake", 500, "lower."

        class Twin(DomainError):
            code, status, title = "not_found", 404, "Not found"

        wrong = faults([*errors(), Nameless, Shouting, Twin])
        assert sum(line.startswith("Nameless:") for line in wrong) == 3
        assert sum(line.startswith("Shouting:") for line in wrong) == 4
        assert "Twin: not_found is another error's code too" in wrong

    def test_stand_in_the_errors_module_of_their_app(self) -> None:
        elsewhere = {e.__module__ for e in errors() if not e.__module__.endswith(".errors")}
        assert elsewhere == set()

    def test_are_named_by_the_fact_and_not_by_error(self) -> None:
        named = [e.__name__ for e in errors() if e.__name__.endswith(("Error", "Exception"))]
        assert named == []

    @pytest.mark.parametrize("error", errors(), ids=lambda error: error.__name__)
    def test_become_a_problem_with_the_code_and_the_title(self, error: type[DomainError]) -> None:
        made = error(FieldError("f", "c", "d")) if error is InvalidInput else error()
        document = problem._document(made, "/path")
        assert document["code"] == error.code
        assert document["status"] == error.status
        assert document["title"] == error.title
        assert document["type"].endswith(f":{error.code}")
