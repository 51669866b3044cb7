"""The base of every view."""

from typing import ClassVar

import pytest
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.test import APIRequestFactory

from platform_shared.kit.serializers import MoneySerializer
from platform_shared.kit.views import ApiView
from tenant_apps.customers.api.filters import CustomerFilter


class Plain(ApiView):
    pass


class Filtering(ApiView):
    filterset_class: ClassVar[type[CustomerFilter]] = CustomerFilter


class FilteringAtLast(Plain):
    filterset_class: ClassVar[type[CustomerFilter]] = CustomerFilter


class TestApiView:
    def test_allows_nothing_by_itself(self) -> None:
        assert ApiView.access == {}
        assert not ApiView.allowed_when_suspended

    def test_filters_only_where_filters_are_declared(self) -> None:
        assert Plain.filter_backends == ()
        assert len(Filtering.filter_backends) == 1
        assert FilteringAtLast.filter_backends == Filtering.filter_backends

    def test_has_a_caller_only_where_somebody_is_known(self) -> None:
        view = Plain()
        view.request = Request(APIRequestFactory().get("/"))
        with pytest.raises(AssertionError):
            _ = view.caller

    def test_refuses_payloads_that_are_not_valid(self) -> None:
        view = Plain()
        view.request = Plain().initialize_request(
            APIRequestFactory().post("/", {"amount": "x"}, format="json")
        )
        with pytest.raises(ValidationError):
            view.valid(MoneySerializer)
