"""What the platform offers."""

from platform_shared.plans.models import Plan
from platform_shared.tenancy import binding
from tests.support.api import PLATFORM_HOST, Caller


class TestPlansView:
    def test_lists_what_is_on_offer(self, root: Caller) -> None:
        rows = {row["code"]: row for row in root.get("plans").json()["results"]}
        assert set(rows) == {"starter", "standard", "unlimited"}
        starter = rows["starter"]
        assert starter.pop("id")
        assert starter == {
            "code": "starter",
            "name": "Starter",
            "price": {"amount": 2900, "currency": "EUR"},
            "max_customers": 200,
            "max_staff": 5,
            "max_locations": 1,
        }
        assert rows["unlimited"]["max_customers"] is None

    def test_leaves_out_what_no_longer_is(self, root: Caller) -> None:
        with binding.platform():
            Plan.objects.filter(code="starter").update(is_active=False)
        codes = {row["code"] for row in root.get("plans").json()["results"]}
        assert codes == {"standard", "unlimited"}

    def test_is_nothing_for_clubs_and_strangers(self, admin_a: Caller) -> None:
        assert admin_a.get("plans").status_code == 404
        assert Caller(PLATFORM_HOST).get("plans").status_code == 401
