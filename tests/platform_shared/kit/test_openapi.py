"""The two documents describe every operation, its errors and what it needs."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django import urls
from drf_spectacular import plumbing
from drf_spectacular.settings import spectacular_settings

from platform_shared.documents.generator import Generator
from platform_shared.documents.management.commands.export_openapi import HOSTS, document
from platform_shared.kit import openapi
from platform_shared.kit.access import PROGRAMMABLE, Open, Permission
from platform_shared.kit.listing import SPARSE
from platform_shared.kit.serializers import StrictSerializer
from platform_shared.kit.throttles import Counts, Per, Throttle
from platform_shared.kit.views import ApiView, Request, Response
from tests.architecture.test_access import views

PROBLEM = {"schema": {"$ref": "#/components/schemas/Problem"}}


@pytest.fixture(scope="module", params=HOSTS)
def described(request: pytest.FixtureRequest) -> dict[str, Any]:
    return document(HOSTS[request.param])


def operations(described: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield (method, path, operation)."""
    for path, item in described["paths"].items():
        for method, operation in item.items():
            yield method, path, operation


def one_of(schema: dict[str, Any], components: dict[str, Any]) -> dict[str, Any]:
    """Return the component of an answer, or of the rows of a list."""
    found: dict[str, Any] = components[schema["$ref"].rpartition("/")[2]]
    if set(found["properties"]) == {"next", "previous", "results"}:
        return one_of(found["properties"]["results"]["items"], components)
    return found


class BareView(ApiView):
    access = {"GET": Open.PUBLIC}

    @openapi.operation("getBare", "Bare", answers={204: None})
    def get(self, request: Request) -> Response:
        return Response(status=204)


def bare_document(view: type[ApiView]) -> dict[str, Any]:
    """Return what is said of a view that says nothing itself."""
    generator = Generator(patterns=[urls.path("bare", view.as_view())])  # type: ignore[no-untyped-call]
    document: Any = generator.get_schema(public=True)  # type: ignore[no-untyped-call]
    found: dict[str, Any] = document["paths"]["/bare"]["get"]
    return found


class TestOperation:
    def test_has_an_id_of_its_own_that_reads_well(self, described: dict[str, Any]) -> None:
        ids = [operation["operationId"] for _, _, operation in operations(described)]
        assert len(ids) == len(set(ids)) > 0
        assert all(i.isalnum() and i[0].islower() for i in ids)
        # None is made from its path.
        assert all("api" not in i.lower().replace("apikey", "") for i in ids)

    def test_has_a_tag(self, described: dict[str, Any]) -> None:
        assert all(len(operation["tags"]) == 1 for _, _, operation in operations(described))


class TestComponents:
    def test_have_names_that_read_well(self, described: dict[str, Any]) -> None:
        odd = r"Enum\d*$|Request$|^Patched|^Paginated|^Blank|^Null"
        named = described["components"]["schemas"]
        # Two differ in what may be left out when it is given.
        assert [name for name in named if re.search(odd, name)] in ([], ["AccessRuleRequest"])

    def test_are_not_called_as_a_list_of_theirs(self, described: dict[str, Any]) -> None:
        # openapi-python-client then takes the one for the other.
        for name, component in described["components"]["schemas"].items():
            snake = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()
            assert "items" not in component.get("properties", {}).get(snake, {}), name

    def test_stand_for_choices_and_objects_in_others(self, described: dict[str, Any]) -> None:
        for name, component in described["components"]["schemas"].items():
            for field, schema in component.get("properties", {}).items():
                assert "enum" not in schema, (name, field)
                assert "properties" not in schema.get("items", schema), (name, field)

    def test_of_answers_say_that_every_field_is_there(self, described: dict[str, Any]) -> None:
        components = described["components"]["schemas"]
        customer = components.get("Customer", components["Account"])
        assert set(customer["required"]) == set(customer["properties"])
        assert "errors" not in components["Problem"]["required"]

    def test_of_bodies_say_that_unknown_fields_are_refused(self, described: dict[str, Any]) -> None:
        answered = str([operation["responses"] for _, _, operation in operations(described)])
        for _, path, operation in operations(described):
            for media in operation.get("requestBody", {}).get("content", {}).values():
                name = media["schema"].get("$ref", "").rpartition("/")[2]
                # What is answered, too, may get more fields.
                if name and f"/{name}'" not in answered:
                    body = described["components"]["schemas"][name]
                    assert body["additionalProperties"] is False, (path, name)


class TestOperationSchema:
    def test_says_which_permission_is_needed(self, described: dict[str, Any]) -> None:
        needed = {operation["x-permission"] for _, _, operation in operations(described)}
        assert needed <= {*map(str, Permission), *map(str, Open)}

    def test_asks_for_a_token_or_a_key_where_it_opens_and_for_nothing_where_it_is_public(
        self, described: dict[str, Any]
    ) -> None:
        for _, path, operation in operations(described):
            needed = operation["x-permission"]
            ways: list[str] = []
            if needed == Open.API_KEY or needed in PROGRAMMABLE:
                ways.append("apiKey")
            if needed not in set(Open):
                ways.append("accessToken")
            assert operation.get("security", []) == [{way: []} for way in ways], path

    def test_lists_the_problems_that_can_be_met_by_what_the_operation_is(
        self, described: dict[str, Any]
    ) -> None:
        at_club = described["info"]["title"].endswith("club")
        for method, path, operation in operations(described):
            codes = {
                code
                for answer in operation["responses"].values()
                for code in answer.get("x-error-codes", ())
                if PROBLEM.items() <= answer["content"]["application/problem+json"].items()
            }
            expected = {"invalid_input", "internal_error", "temporarily_unavailable"}
            names = {p["in"] for p in operation.get("parameters", [])}
            if method != "get":
                expected |= {"malformed_request", "length_required"}
                expected |= {"payload_too_large", "unsupported_media_type"}
            if "path" in names:
                expected |= {"not_found"}
            if at_club:
                expected |= {"unknown_host"}
            if operation["x-permission"] != Open.PUBLIC:
                expected |= {"not_authenticated", "invalid_token"}
                expected |= {"forbidden", "support_session_required"} if at_club else set()
            assert expected <= codes, (method, path)
            if method == "get":
                assert not codes & {"malformed_request", "payload_too_large"}, (method, path)
            if operation["x-permission"] == Open.PUBLIC:
                assert "not_authenticated" not in codes, (method, path)
            assert at_club or "club_suspended" not in codes, (method, path)

    @pytest.mark.parametrize(
        "declared", [(), (Throttle("bare", Per.ADDRESS, 1, 60, Counts.REQUESTS),)]
    )
    def test_tells_of_throttles_where_there_are_some(self, declared: tuple[Throttle, ...]) -> None:
        class Throttled(BareView):
            throttles = declared
            counts_forged_tokens = False

        assert ("429" in bare_document(Throttled)["responses"]) is bool(declared)

    def test_answers_no_conflict_where_nothing_conflicts(self, described: dict[str, Any]) -> None:
        for method, path, operation in operations(described):
            if method == "get" and not path.endswith("/card"):
                assert "409" not in operation["responses"], path
            assert "405" not in operation["responses"]
            assert "406" not in operation["responses"]

    def test_describes_what_an_entity_tag_is_for(self, described: dict[str, Any]) -> None:
        changed = {
            path
            for method, path, _ in operations(described)
            if method in ("patch", "put", "delete")
        }
        assert changed
        for method, path, operation in operations(described):
            headers = {
                p["name"]: p.get("required", False)
                for p in operation.get("parameters", [])
                if p["in"] == "header" and p["name"] != "Idempotency-Key"
            }
            answers = operation["responses"]
            if path not in changed or method == "post":
                assert headers == {}
                assert "304" not in answers
                continue
            name = "If-None-Match" if method == "get" else "If-Match"
            assert headers == {name: method == "put"}, path
            assert ("304" in answers) is (method == "get")
            assert method == "delete" or "ETag" in answers["200"]["headers"]

    def test_describes_pages_for_lists(self, described: dict[str, Any]) -> None:
        lists = [
            operation
            for _, _, operation in operations(described)
            if operation["operationId"].startswith("list")
        ]
        for operation in lists:
            names = {p["name"] for p in operation["parameters"]}
            assert {"cursor", "page_size", "ordering", "fields"} <= names
        assert lists

    @pytest.mark.parametrize("host", HOSTS)
    def test_describes_every_name_that_a_query_may_have(self, host: str) -> None:
        read = {
            re.sub(r"<\w+:(\w+)>", r"{\1}", path): view.names_read
            for path, view in views(HOSTS[host])
            if view and issubclass(view, ApiView)
        }
        for method, path, operation in operations(document(HOSTS[host])):
            given = [p for p in operation.get("parameters", ()) if p["in"] == "query"]
            assert {p["name"] for p in given} == read[path](method.upper()), (method, path)

    def test_says_what_each_name_in_a_query_means(self, described: dict[str, Any]) -> None:
        for _, path, operation in operations(described):
            for given in operation.get("parameters", ()):
                if given["in"] == "query":
                    assert given.get("description", "").strip(), (path, given["name"])

    def test_describes_what_an_answer_with_some_members_has(
        self, described: dict[str, Any]
    ) -> None:
        components, seen = described["components"]["schemas"], 0
        for _, path, operation in operations(described):
            names = {p["name"] for p in operation.get("parameters", ())}
            content = operation["responses"].get("200", {}).get("content", {})
            assert (SPARSE in content) == ("fields" in names), path
            if SPARSE in content:
                seen += 1
                whole, some = (
                    one_of(content[kind]["schema"], components)
                    for kind in ("application/json", SPARSE)
                )
                assert set(whole["properties"]) == set(some["properties"])
                assert set(some.get("required", ())) == {"id"} & set(whole["properties"])
                assert "expanded" not in whole["required"]
                if "expand" in names:
                    assert "expanded" in whole["properties"]
        assert seen


class TestUndocumentedBases:
    @pytest.mark.parametrize("guarded", [True, False])
    def test_are_not_what_an_operation_or_a_payload_is_described_by(
        self, monkeypatch: pytest.MonkeyPatch, guarded: bool
    ) -> None:
        if not guarded:  # negative control
            excluded = plumbing.get_lib_doc_excludes
            monkeypatch.setattr(spectacular_settings, "GET_LIB_DOC_EXCLUDES", excluded)
        said = f"{document(HOSTS['club'])} {bare_document(BareView)}"
        for base in (ApiView, StrictSerializer):
            assert base.__doc__
            assert (base.__doc__.split("\n")[0] in said) is not guarded


class TestSchemes:
    def test_are_an_access_token_and_at_a_club_a_key(self) -> None:
        found = {host: document(u)["components"]["securitySchemes"] for host, u in HOSTS.items()}
        token = {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
        assert found["platform"] == {"accessToken": token}
        key = found["club"].pop("apiKey")
        assert found["club"] == {"accessToken": token}
        assert (key["type"], key["scheme"], key["bearerFormat"]) == ("http", "bearer", "qck_")
