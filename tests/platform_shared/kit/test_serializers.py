"""Payloads are strict: what is not understood is refused, never dropped."""

from typing import Any

import pytest
from rest_framework import serializers

from platform_shared.kit.money import Money
from platform_shared.kit.serializers import MoneySerializer, StrictSerializer


class Inner(StrictSerializer):
    text = serializers.CharField(max_length=5)
    computed = serializers.CharField(read_only=True)


class Outer(StrictSerializer):
    inner = Inner(required=False)
    many = Inner(many=True, required=False)
    number = serializers.IntegerField(required=False)
    flag = serializers.BooleanField(required=False)


def errors_of(data: Any) -> Any:
    """Return what is wrong with ``data``."""
    serializer = Outer(data=data)
    assert not serializer.is_valid()
    return serializer.errors


class TestStrictSerializer:
    def test_takes_what_it_knows(self) -> None:
        serializer = Outer(data={"inner": {"text": "abc"}, "number": 7})
        assert serializer.is_valid()
        assert serializer.validated_data == {"inner": {"text": "abc"}, "number": 7}

    def test_names_every_unknown_field(self) -> None:
        found = errors_of({"b": 1, "a": 2, "number": 3})
        assert {name: found[name].code for name in found} == {
            "a": "unknown_field",
            "b": "unknown_field",
        }

    def test_names_unknown_fields_of_nested_objects(self) -> None:
        assert errors_of({"inner": {"text": "a", "x": 1}})["inner"]["x"].code == "unknown_field"
        assert errors_of({"many": [{"text": "a"}, {"text": "a", "x": 1}]})["many"][1]["x"]

    def test_counts_what_is_read_only_among_the_unknown(self) -> None:
        found = errors_of({"inner": {"text": "a", "computed": "b"}})
        assert found["inner"]["computed"].code == "unknown_field"

    def test_would_drop_them_without_the_guard(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(
            StrictSerializer, "to_internal_value", serializers.Serializer.to_internal_value
        )
        serializer = Outer(data={"unknown": 1, "number": 3})
        assert serializer.is_valid()
        assert serializer.validated_data == {"number": 3}

    @pytest.mark.parametrize(
        ("text", "code"),
        [
            ("a\x00b", "null_characters_not_allowed"),
            ("\ud800", "surrogate_characters_not_allowed"),
            ("abcdef", "max_length"),
            ("", "blank"),
            ("   ", "blank"),
            (None, "null"),
            (True, "invalid"),
            ([], "invalid"),
            ({}, "invalid"),
        ],
    )
    def test_refuses_text_that_is_none(self, text: Any, code: str) -> None:
        assert errors_of({"inner": {"text": text}})["inner"]["text"][0].code == code

    @pytest.mark.parametrize("number", ["x", 1.5, None, [], {}, "1" * 2000, 1e400])
    def test_refuses_numbers_that_are_none(self, number: Any) -> None:
        assert "number" in errors_of({"number": number})

    @pytest.mark.parametrize("flag", ["maybe", None, [], {}, 2])
    def test_refuses_flags_that_are_none(self, flag: Any) -> None:
        assert "flag" in errors_of({"flag": flag})

    @pytest.mark.parametrize("inner", ["x", 1, [], None])
    def test_refuses_objects_that_are_none(self, inner: Any) -> None:
        assert "inner" in errors_of({"inner": inner})

    @pytest.mark.parametrize("many", ["x", 1, {}, None])
    def test_refuses_lists_that_are_none(self, many: Any) -> None:
        assert "many" in errors_of({"many": many})


class TestMoneySerializer:
    def test_reads_money(self) -> None:
        serializer = MoneySerializer(data={"amount": 4900, "currency": "EUR"})
        assert serializer.is_valid()
        assert serializer.validated_data == Money(4900, "EUR")

    def test_writes_money(self) -> None:
        assert MoneySerializer(Money(4900, "EUR")).data == {"amount": 4900, "currency": "EUR"}

    @pytest.mark.parametrize(
        ("data", "field", "code"),
        [
            ({"amount": -1, "currency": "EUR"}, "amount", "min_value"),
            ({"amount": 10**11, "currency": "EUR"}, "amount", "max_value"),
            ({"amount": 49.5, "currency": "EUR"}, "amount", "invalid"),
            ({"amount": 1, "currency": "ZZZ"}, "currency", "unknown_currency"),
            ({"amount": 1, "currency": "eur"}, "currency", "unknown_currency"),
            ({"amount": 1}, "currency", "required"),
        ],
    )
    def test_refuses_what_is_none(self, data: Any, field: str, code: str) -> None:
        serializer = MoneySerializer(data=data)
        assert not serializer.is_valid()
        assert serializer.errors[field][0].code == code

    def test_refuses_what_it_does_not_know(self) -> None:
        serializer = MoneySerializer(data={"amount": 1, "currency": "EUR", "cents": 2})
        assert not serializer.is_valid()
        assert set(serializer.errors) == {"cents"}
