"""System admins are made on the command line, safely twice."""

import getpass
import io
import sys

import pytest
from django.core.management import CommandError, call_command

from platform_shared.accounts import selectors, services
from platform_shared.accounts.errors import InvalidPasswordLink
from platform_shared.kit import clock
from platform_shared.kit.access import Role
from platform_shared.tenancy import binding
from tests.platform_shared.accounts.crew import NEW_PASSWORD, secret_of

EMAIL = "second@platform.test"


def run(*arguments: str) -> str:
    """Run the command as ``manage.py`` does; return what it says."""
    output = io.StringIO()
    with binding.platform():
        call_command("create_system_admin", *arguments, stdout=output)
    return output.getvalue().strip()


@pytest.fixture
def nobody_at_the_keyboard(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO())


@pytest.mark.usefixtures("db", "nobody_at_the_keyboard")
class TestCommand:
    def test_makes_one_who_signs_in(self) -> None:
        assert run("--email", EMAIL, "--password", NEW_PASSWORD) == f"created {EMAIL}"
        with binding.platform():
            signed_in = services.sign_in(email=EMAIL, password=NEW_PASSWORD, now=clock.now())
        assert signed_in.user.role == Role.SYSTEM_ADMIN

    def test_gives_a_link_when_nobody_can_be_asked_for_a_password(self) -> None:
        said = run("--email", EMAIL)
        assert said.startswith(f"created {EMAIL}; set a password at http")
        with binding.platform():
            link = services.get_password_link(secret=secret_of(said), now=clock.now())
        assert link.user.email == EMAIL

    def test_asks_who_sits_there(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
        monkeypatch.setattr(getpass, "getpass", lambda prompt: NEW_PASSWORD)
        assert run("--email", EMAIL) == f"created {EMAIL}"
        with binding.platform():
            assert services.sign_in(email=EMAIL, password=NEW_PASSWORD, now=clock.now())

    def test_changes_nothing_the_second_time(self) -> None:
        run("--email", EMAIL, "--password", NEW_PASSWORD)
        with binding.platform():
            before = selectors.find_by_email(EMAIL)
        assert run("--email", EMAIL.upper(), "--password", "another-password-1").endswith(
            "exists already; nothing changed"
        )
        with binding.platform():
            after = selectors.find_by_email(EMAIL)
        assert before is not None
        assert after is not None
        assert before.password == after.password

    def test_gives_one_who_exists_a_fresh_link_when_told_to(self) -> None:
        first = secret_of(run("--email", EMAIL))
        said = run("--email", EMAIL, "--new-link")
        assert said.startswith(f"{EMAIL} exists already; set a password at http")
        with binding.platform():
            services.set_password_by_link(
                secret=secret_of(said), password=NEW_PASSWORD, now=clock.now()
            )
            with pytest.raises(InvalidPasswordLink):
                services.get_password_link(secret=first, now=clock.now())

    def test_says_what_is_wrong_with_the_e_mail(self) -> None:
        with pytest.raises(CommandError, match="--email: Enter a valid"):
            run("--email", "root")

    def test_says_what_is_wrong(self) -> None:
        with pytest.raises(CommandError, match="invalid_input: password"):
            run("--email", EMAIL, "--password", "short")
