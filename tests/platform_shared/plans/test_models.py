"""Plans are called by their code."""

from platform_shared.plans.models import Plan


class TestPlan:
    def test_is_called_by_its_code(self) -> None:
        assert str(Plan(code="starter")) == "starter"
