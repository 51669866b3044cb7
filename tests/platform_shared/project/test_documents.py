"""The documents are made once, copied by tag, and read by pages that run only our scripts."""

import re
from typing import Any

import pytest
from drf_spectacular.generators import SchemaGenerator

from platform_shared.project import documents
from tests.support.api import PLATFORM_HOST, Caller
from tests.support.world import ClubWorld

SCHEMA = "/api/schema/"
JSON = {"Accept": "application/json"}


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The documents made since, by their routes; there is none yet."""
    found: list[str] = []
    make = SchemaGenerator.get_schema

    def noted(self: SchemaGenerator, **kwargs: Any) -> Any:
        found.append(str(self.urlconf))
        return make(self, **kwargs)

    monkeypatch.setattr(documents, "_made", {})
    monkeypatch.setattr(SchemaGenerator, "get_schema", noted)
    return found


@pytest.mark.usefixtures("club_a")
class TestDocumentView:
    def test_makes_the_document_of_each_kind_of_host_once(
        self, made: list[str], club_a: ClubWorld, club_b: ClubWorld
    ) -> None:
        first = [Caller(host).get(SCHEMA) for host in (club_a.host, club_b.host, PLATFORM_HOST)]
        again = [Caller(host).get(SCHEMA) for host in (club_a.host, club_b.host, PLATFORM_HOST)]
        assert len(made) == 2
        assert [a.content for a in first] == [a.content for a in again]
        assert first[0].content == first[1].content != first[2].content
        assert first[0]["ETag"] == first[1]["ETag"] != first[2]["ETag"]

    def test_makes_each_form_that_is_asked_for(self, made: list[str], club_a: ClubWorld) -> None:
        caller = Caller(club_a.host)
        as_yaml, as_json = caller.get(SCHEMA), caller.get(SCHEMA, **JSON)
        assert as_yaml["Content-Type"] == "application/vnd.oai.openapi; charset=utf-8"
        assert as_json["Content-Type"] == "application/json"
        assert as_json.json()["openapi"] == "3.1.1"
        assert as_yaml["ETag"] != as_json["ETag"]
        assert len(made) == 2

    def test_confirms_a_copy(self, made: list[str], club_a: ClubWorld) -> None:
        caller = Caller(club_a.host)
        read = caller.get(SCHEMA, **{"Accept-Encoding": "gzip"})
        assert (read["Content-Encoding"], read["Cache-Control"]) == ("gzip", "public, max-age=300")
        assert read["ETag"].endswith('.gzip"')
        copy = caller.get(SCHEMA, **{"If-None-Match": read["ETag"]})
        assert (copy.status_code, copy.content) == (304, b"")
        assert copy["ETag"] == read["ETag"].replace(".gzip", "")
        assert caller.get(SCHEMA, **{"If-None-Match": '"another"'}).status_code == 200

    def test_refuses_a_condition_that_is_none(self, club_a: ClubWorld) -> None:
        answer = Caller(club_a.host).get(SCHEMA, **{"If-None-Match": "bare"})
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_input")


@pytest.mark.usefixtures("club_a")
class TestRefusals:
    @pytest.mark.parametrize("path", [SCHEMA, "/api/docs/", "/api/redoc/"])
    def test_are_problems_whatever_form_the_answers_have(self, path: str) -> None:
        answer = Caller(PLATFORM_HOST).post(path)
        assert answer.status_code == 405
        assert answer["Content-Type"] == "application/problem+json"
        assert answer.json()["code"] == "method_not_allowed"


@pytest.mark.usefixtures("club_a")
class TestBrowsers:
    @pytest.mark.parametrize("page", ["/api/docs/", "/api/redoc/"])
    def test_are_pages_that_run_the_hosts_own_scripts_alone(self, page: str) -> None:
        answer = Caller(PLATFORM_HOST).get(page)
        policy = answer["Content-Security-Policy"]
        assert answer["Cache-Control"] == "no-cache"
        assert "script-src 'self';" in policy
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe-eval" not in policy
        assert ("worker-src blob:" in policy) == (page == "/api/redoc/")
        scripts = re.findall(r"<script([^>]*)>(.*?)</script>", answer.content.decode(), re.DOTALL)
        assert scripts
        for attributes, inline in scripts:
            assert "src=" in attributes
            assert inline.strip() == ""
