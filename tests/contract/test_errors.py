"""Every error that an operation can give stands in its document, and no other."""

import ast
import inspect
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError
from django.http import HttpResponse
from rest_framework import serializers

from platform_shared.accounts.errors import EmailTaken
from platform_shared.documents import generated
from platform_shared.documents.management.commands import export_errors
from platform_shared.documents.management.commands.export_openapi import HOSTS
from platform_shared.kit import field_codes, problem
from platform_shared.kit.errors import DomainError, Forbidden, NotFound, PreconditionRequired
from platform_shared.kit.serializers import StrictSerializer
from platform_shared.kit.views import ApiView
from tenant_apps.locations.api.views import LocationsView
from tests.architecture import source
from tests.architecture.test_access import views
from tests.contract import reach
from tests.support import contract
from tests.support.api import Caller

# What the code that an operation refers to can raise, and the operation never does.
IMPOSSIBLE = {
    "signIn": {"invalid_token", "support_session_required", "not_found"},  # makes tokens
    "setPassword": {"not_found"},  # the link names an account that is there
    "createClub": {"not_found", "plan_limit_reached", "email_taken"},  # nobody is there before
    "createSystemUser": {"plan_limit_reached"},  # no plan limits the platform
    "changeSystemUser": {"plan_limit_reached"},
    "getClubSettings": {"not_found"},  # the host's
    "changeClubSettings": {"not_found"},
    "getOrigins": {"not_found"},
    "recordScan": {"not_found"},  # of a check-in that it has just found
    "printQrCodes": {"not_found", "code_not_active", "text_not_printable"},  # told of `codes.<n>`
    "inviteCustomer": {"plan_limit_reached"},  # no password, no member of staff
    "confirmRegistration": {"customer_has_no_email", "possible_duplicate", "not_found"},
    "changeMyCustomer": {"possible_duplicate", "plan_limit_reached", "email_taken"},
    "grantSubscription": {"subscription_change_not_allowed"},  # it has only just begun
    "createSale": {"subscription_change_not_allowed", "not_found"},
}


# Arguments of errors that are no members of the problem document.
NOT_SHOWN = {"forged", "headers"}


def operations() -> Iterator[tuple[dict[str, Any], type[ApiView], Any]]:
    """Yield each operation's document, its view and the view's method."""
    for _, told, view, method in _operations():
        yield told, view, method


def _operations() -> Iterator[tuple[str, dict[str, Any], type[ApiView], Any]]:
    for urlconf in HOSTS.values():
        for path, view in views(urlconf):
            template = re.sub(r"<\w+:(\w+)>", r"{\1}", path)
            for method, told in contract.documents()[urlconf]["paths"].get(template, {}).items():
                yield urlconf, told, view, getattr(view, method)


def codes_of(operation: dict[str, Any]) -> set[str]:
    return {
        c for answer in operation["responses"].values() for c in answer.get("x-error-codes", ())
    }


def declared(method: Any) -> set[type[DomainError]]:
    return {*method.errors, *method.club_errors}


def unsaid() -> dict[str, set[str]]:
    """Return what an operation's code can raise beyond its document, by operation."""
    found: dict[str, set[str]] = {}
    for urlconf, told, view, method in _operations():
        reachable = {error.code for error in reach.errors_of(method, view)}
        # Every view can ask for it, and those do whose ``must_match`` says so: then it is said.
        beyond = reachable - codes_of(told) - {PreconditionRequired.code}
        if "expand" not in {parameter["name"] for parameter in told.get("parameters", ())}:
            beyond -= {Forbidden.code}  # what `expand` can be refused with
        if urlconf != HOSTS["club"]:
            beyond -= {error.code for error in method.club_errors}
        if beyond:
            found.setdefault(told["operationId"], set()).update(beyond)
    return found


class TestDocumentedErrors:
    def test_leave_nothing_out_that_the_code_can_raise(self) -> None:
        assert unsaid() == IMPOSSIBLE

    def test_would_miss_what_a_service_raises(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(LocationsView.post, "errors", ())
        contract.documents.cache_clear()
        try:
            assert unsaid()["createLocation"] == {"location_name_taken", "plan_limit_reached"}
        finally:
            monkeypatch.undo()
            contract.documents.cache_clear()

    def test_name_nothing_that_the_code_cannot_raise(self) -> None:
        idle = {
            (told["operationId"], error.code)
            for told, view, method in operations()
            for error in declared(method) - reach.errors_of(method, view)
        }
        assert idle == set()

    def test_would_notice_one_that_nothing_raises(self) -> None:
        assert EmailTaken not in reach.errors_of(LocationsView.post, LocationsView)

    def test_say_of_each_status_what_its_codes_mean(self) -> None:
        known = export_errors.problems()
        for told, _, _ in operations():
            for status, answer in told["responses"].items():
                codes = answer.get("x-error-codes", [])
                assert bool(codes) == (status >= "400")
                for code in codes:
                    assert str(known[code][0]) == status
                    assert f"- `{code}`: {known[code][1]}." in answer["description"]


class TestWatching:
    """What the whole suite is watched by."""

    OPERATION = {"responses": {"200": {}, "404": {"x-error-codes": ["not_found"]}}}

    def problem(self, status: int, code: str, **extras: Any) -> HttpResponse:
        content = json.dumps({"code": code, **extras})
        return HttpResponse(content, status=status, content_type=contract.PROBLEM)

    def test_knows_every_operation(self) -> None:
        found = contract.operation_at(HOSTS["club"], "/api/v1/customers", "HEAD")
        assert found
        assert found["operationId"] == "listCustomers"
        one = f"/api/v1/customers/{'0' * 8}-0000-7000-8000-{'0' * 12}"
        found = contract.operation_at(HOSTS["club"], one, "PATCH")
        assert found
        assert found["operationId"] == "changeCustomer"
        assert contract.operation_at(HOSTS["club"], one, "PUT") is None
        assert contract.operation_at(HOSTS["platform"], one, "GET") is None

    def test_lets_pass_what_is_documented(self) -> None:
        assert contract.faults(self.OPERATION, HttpResponse()) == []
        assert contract.faults(self.OPERATION, self.problem(404, "not_found")) == []

    def test_finds_what_is_not(self) -> None:
        assert contract.faults(self.OPERATION, HttpResponse(status=201)) == [
            "201 is not documented"
        ]
        assert contract.faults(self.OPERATION, self.problem(404, "gone")) == [
            "404 gone is not documented"
        ]
        odd = self.problem(404, "not_found", errors=[{"field": "a", "code": "odd", "detail": ""}])
        assert contract.faults(self.OPERATION, odd) == ["odd of a is no known code"]

    def test_fails_the_test_that_meets_it(
        self, admin_a: Caller, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def surprise(*args: object) -> None:
            raise EmailTaken

        monkeypatch.setattr("tenant_apps.locations.selectors.list_locations", surprise)
        with pytest.raises(AssertionError, match="listLocations: 409 is not documented"):
            admin_a.get("locations")


class TestRegistry:
    def test_is_every_error_that_there_is(self) -> None:
        classes = {
            node.name
            for path in source.files()
            for node in ast.walk(source.parsed(path))
            if isinstance(node, ast.ClassDef)
            and any(source.dotted(base).endswith("DomainError") for base in node.bases)
        }
        assert {error.__name__ for error in export_errors.domain_errors()} == classes

    @pytest.mark.parametrize("error", export_errors.domain_errors(), ids=lambda e: e.__name__)
    def test_says_what_it_means(self, error: type[DomainError]) -> None:
        assert error.__doc__
        assert inspect.cleandoc(error.__doc__) != inspect.cleandoc(DomainError.__doc__ or "")

    def test_says_as_much_of_what_is_no_class(self) -> None:
        of_classes = {error.code: error for error in export_errors.domain_errors()}
        for code, (status, title) in problem.GENERIC.items():
            if code in of_classes:
                error = of_classes[code]
                assert (error.status, error.title) == (status, title)
            else:
                assert export_errors.MEANINGS[code]
        assert set(export_errors.MEANINGS) == set(problem.GENERIC) - set(of_classes)

    def test_names_the_members_that_an_error_is_raised_with(self) -> None:
        known = {error.__name__: set(error.members) for error in export_errors.domain_errors()}
        given: dict[str, set[str]] = {}
        for path in source.files():
            for node in ast.walk(source.parsed(path)):
                if isinstance(node, ast.Call):
                    name = source.dotted(node.func).rpartition(".")[2]
                    if name in known:
                        told = {keyword.arg or "?" for keyword in node.keywords}
                        given.setdefault(name, set()).update(told - NOT_SHOWN)
        told = {name: members for name, members in known.items() if members}
        assert {n: m for n, m in given.items() if m} == {
            n: m for n, m in told.items() if n != "InvalidInput"
        }

    def test_has_no_error_that_nothing_raises(self) -> None:
        named = {
            node.id
            for path in source.files()
            if path.name != "errors.py" or "kit" in path.parts
            for node in ast.walk(source.parsed(path))
            if isinstance(node, ast.Name)
        }
        unused = {e.__name__ for e in export_errors.domain_errors()} - named
        # DRF raises its own, and the handler answers for both alike.
        assert unused == set()


class TestPermanence:
    def test_holds_for_every_code_ever_given(self) -> None:
        known = {code: status for code, (status, *_) in export_errors.problems().items()}
        known |= dict.fromkeys((f"field:{code}" for code in field_codes.CODES), 400)
        assert export_errors.given() == known

    @pytest.mark.parametrize("before", [{"gone_for_good": 409}, {"not_found": 410}])
    def test_refuses_to_write_without_one(
        self, before: dict[str, int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(generated, "DOCS", tmp_path)
        lines = "".join(f"{code} {status}\n" for code, status in before.items())
        (tmp_path / export_errors.GIVEN).write_text(lines)
        with pytest.raises(CommandError, match=next(iter(before))):
            export_errors.Command().render()
        monkeypatch.setattr(export_errors, "require_permanence", lambda *_: None)
        assert export_errors.Command().render()[export_errors.GIVEN]

    def test_takes_new_ones_in(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(generated, "DOCS", tmp_path)
        (tmp_path / export_errors.GIVEN).write_text("not_found 404\n")
        written = export_errors.Command().render()[export_errors.GIVEN]
        assert "invalid_input 400\n" in written


def _codes_said() -> set[str]:
    """Return the codes that our own code gives to fields."""
    found: set[str] = set()
    place = {"FieldError": 1, "ValidationError": 1, "ErrorDetail": 1, "_unreadable": 0}
    for path in source.files():
        for node in ast.walk(source.parsed(path)):
            if not isinstance(node, ast.Call):
                continue
            at = place.get(source.dotted(node.func).rpartition(".")[2])
            if at is None:
                continue
            given = [*node.args[at : at + 1], *(k.value for k in node.keywords if k.arg == "code")]
            found |= {g.value for g in given if isinstance(g, ast.Constant) and g.value}
    return found


def _codes_of_fields() -> set[str]:
    """Return the codes that the fields of our payloads and queries can give by themselves."""
    found: set[str] = set()

    def look(field: Any) -> None:
        found.update(field.error_messages)
        found.update(getattr(v, "code", None) or "invalid" for v in field.validators)
        for inner in (*getattr(field, "fields", {}).values(), getattr(field, "child", None)):
            if inner is not None:
                look(inner)

    def below(base: type) -> Iterator[type]:
        yield base
        for sub in base.__subclasses__():
            yield from below(sub)

    for serializer in below(StrictSerializer):
        if serializer.__module__.startswith(export_errors.OURS):
            look(serializer())
    return found


class TestFieldCodes:
    def test_are_all_that_our_code_gives(self) -> None:
        assert _codes_said() - set(field_codes.CODES) == set()

    def test_are_all_that_our_fields_give(self) -> None:
        assert _codes_of_fields() - set(field_codes.CODES) == set()

    def test_are_none_that_nothing_gives(self) -> None:
        # A card's refusal is told of its code in the list.
        quoted = {error.code for error in export_errors.domain_errors()}
        assert set(field_codes.CODES) - _codes_said() - _codes_of_fields() - quoted == set()

    def test_would_be_missed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delitem(field_codes.CODES, "weak_password")
        assert _codes_said() - set(field_codes.CODES) == {"weak_password"}
        monkeypatch.setitem(serializers.CharField.default_error_messages, "odd", "Odd.")
        assert _codes_of_fields() - set(field_codes.CODES) == {"odd"}


class TestErrorsPage:
    def test_tells_of_every_code(self) -> None:
        page = (generated.DOCS / "errors.md").read_text()
        for code in export_errors.problems():
            assert f"### `{code}`" in page
        for code in field_codes.CODES:
            assert f"| `{code}` |" in page
        assert NotFound.title in page
