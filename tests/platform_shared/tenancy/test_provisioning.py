"""Apps say what a new club needs, and nobody else has to know them."""

import pytest

from platform_shared.tenancy import provisioning


class TestRegister:
    def test_adds_a_step_at_the_end(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(provisioning, "_steps", {})

        def first(new: provisioning.NewClub) -> None: ...

        def second(new: provisioning.NewClub) -> None: ...

        provisioning.register("one", first)
        provisioning.register("two", second)
        assert provisioning.steps() == {"one": first, "two": second}
        assert list(provisioning.steps()) == ["one", "two"]


class TestSteps:
    def test_make_the_first_admin_and_the_signing_key(self) -> None:
        assert {"first admin", "signing key"} <= set(provisioning.steps())

    def test_cannot_be_changed_by_who_reads_them(self) -> None:
        provisioning.steps().clear()
        assert provisioning.steps()
