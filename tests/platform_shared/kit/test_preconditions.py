"""Entity tags: what changes them, and how conditions compare them."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from platform_shared.kit import preconditions
from platform_shared.kit.errors import InvalidInput, PreconditionFailed
from platform_shared.kit.preconditions import UNCONDITIONAL, Precondition, parse, tag_of


class TestTagOf:
    def test_is_the_same_for_the_same_whatever_the_order(self) -> None:
        assert tag_of({"a": 1, "b": [1, 2]}) == tag_of({"b": [1, 2], "a": 1})

    @pytest.mark.parametrize(
        "other", [{"a": 1}, {"a": 2, "b": None}, {"a": "1", "b": None}, {"a": 1, "b": False}]
    )
    def test_is_another_for_anything_else(self, other: Any) -> None:
        assert tag_of(other) != tag_of({"a": 1, "b": None})

    def test_reads_what_the_api_writes(self) -> None:
        at = datetime(2026, 3, 2, 9, tzinfo=UTC)
        typed, written = {"id": UUID(int=1), "at": at}, {"id": str(UUID(int=1)), "at": at}
        assert tag_of(typed) == tag_of(written) == tag_of({**written, "at": "2026-03-02T09:00:00Z"})

    def test_is_strong_short_and_fit_for_a_header(self) -> None:
        tag = tag_of({"name": "Ünal"})
        assert tag[0] == tag[-1] == '"'
        assert len(tag) == 26
        assert parse("If-Match", tag) == {tag}

    def test_says_nothing_to_who_has_not_our_key(self, settings: Any) -> None:
        before = tag_of({"pin": 1234})
        settings.SECRET_KEY = "another"
        assert tag_of({"pin": 1234}) != before


class TestParse:
    @pytest.mark.parametrize(
        ("given", "tags"),
        [
            ('"a"', {'"a"'}),
            (' "a" ,"b"', {'"a"', '"b"'}),
            ('"a",,\t"b",', {'"a"', '"b"'}),
            ('W/"a", "b"', {'W/"a"', '"b"'}),
            ('""', {'""'}),
            ('"a,b"', {'"a,b"'}),
            ('"a.gzip", W/"b.gzip"', {'"a"', 'W/"b"'}),
            ('"a.gzip.gzip"', {'"a.gzip"'}),
        ],
    )
    def test_returns_every_tag_without_its_coding(self, given: str, tags: set[str]) -> None:
        assert parse("If-Match", given) == tags

    def test_takes_a_star_for_any(self) -> None:
        assert parse("If-Match", " * ") is None

    @pytest.mark.parametrize(
        "given",
        ["", ",", "a", '"a', 'a"', "'a'", '"a" "b"', '*, "a"', 'w/"a"', 'W/ "a"', '"a b"', '"a\n"'],
    )
    def test_refuses_anything_else_by_the_headers_name(self, given: str) -> None:
        with pytest.raises(InvalidInput) as refused:
            parse("If-Match", given)
        assert [(e.field, e.code) for e in refused.value.errors] == [("If-Match", "malformed")]

    def test_is_quick_to_refuse_what_is_made_to_be_slow(self) -> None:
        with pytest.raises(InvalidInput):
            parse("If-Match", '"a"' + " ,\t" * 20_000 + "!")


class TestNames:
    @pytest.mark.parametrize("tags", [None, {'"a"'}, {'W/"a"', '"b"'}])
    def test_compares_weakly(self, tags: Any) -> None:
        assert preconditions.names(tags, '"a"')

    @pytest.mark.parametrize("tags", [frozenset(), {'"b"'}, {'W/"b"'}])
    def test_knows_no_other(self, tags: Any) -> None:
        assert not preconditions.names(tags, '"a"')


class TestPrecondition:
    def test_lets_pass_what_looks_as_it_did(self) -> None:
        expected = frozenset({'"x"', tag_of([1])})
        Precondition(expected, lambda row: [row]).require(1)

    @pytest.mark.parametrize("tag", ['"x"', f"W/{tag_of([1])}"])
    def test_refuses_another_and_a_weak_one(self, tag: str) -> None:
        with pytest.raises(PreconditionFailed):
            Precondition(frozenset({tag}), lambda row: [row]).require(1)

    def test_does_not_look_where_anything_will_do(self) -> None:
        def look(row: object) -> object:
            raise AssertionError

        Precondition(None, look).require(1)
        UNCONDITIONAL.require(object())
