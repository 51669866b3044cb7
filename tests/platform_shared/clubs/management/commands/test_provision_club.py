"""Clubs from the command line: by flags, by answers, and safely twice."""

import getpass
import io
import json
import sys
from collections.abc import Iterator

import pytest
from django.core.management import CommandError, call_command

from platform_shared.accounts import services as account_services
from platform_shared.clubs import selectors
from platform_shared.clubs.models import Club
from platform_shared.kit import clock
from platform_shared.tenancy import binding
from platform_shared.tenancy.club_ref import ClubRef
from tests.platform_shared.accounts.crew import secret_of
from tests.support.world import PASSWORD

FLAGS = {
    "name": "Gamma",
    "slug": "gamma",
    "plan": "starter",
    "time-zone": "Europe/Paris",
    "currency": "EUR",
    "admin-email": "admin@gamma.test",
    "admin-password": PASSWORD,
}


def run(*extra: str, without: tuple[str, ...] = (), **changes: str) -> str:
    """Run the command as ``manage.py`` does, with the usual flags; return what it says."""
    values = {**FLAGS, **{name.replace("_", "-"): value for name, value in changes.items()}}
    flags = [f"--{name}={value}" for name, value in values.items() if name not in without]
    output = io.StringIO()
    with binding.platform():
        call_command("provision_club", *flags, *extra, stdout=output, no_color=True)
    return output.getvalue()


def signs_in(password: str) -> bool:
    """Return whether gamma's admin gets in; raises when not."""
    with binding.platform():
        club = selectors.find_by_slug("gamma")
    assert club is not None
    with binding.club(ClubRef.of(club)):
        account_services.sign_in(email="admin@gamma.test", password=password, now=clock.now())
    return True


@pytest.fixture(autouse=True)
def _nobody_at_the_keyboard(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO())


@pytest.fixture
def questions(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Somebody at the keyboard, who answers with the flags' values; what they are asked."""
    asked: list[str] = []
    answers = {
        "Name of the club: ": " Gamma ",
        "Slug (the host's first label): ": "gamma",
        "Plan (its code): ": "starter",
        "Time zone (IANA): ": "Europe/Paris",
        "Currency (ISO 4217): ": "EUR",
        "E-mail of the first admin: ": "admin@gamma.test",
        "Password (empty: a link): ": PASSWORD,
    }

    def answer(question: str) -> str:
        asked.append(question)
        return answers[question]

    monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
    monkeypatch.setattr("builtins.input", answer)
    monkeypatch.setattr(getpass, "getpass", answer)
    yield asked
    assert set(asked) <= set(answers)


@pytest.mark.usefixtures("db")
class TestCommand:
    def test_provisions_by_flags_and_says_how_far_it_is(self) -> None:
        lines = run().splitlines()
        assert lines[0] == "  creating the schema of gamma"
        assert "  migrated customers.0001_initial" in lines
        assert "  first admin" in lines
        assert "provisioned gamma" in lines
        assert "  hosts: ['gamma.localhost']" in lines
        assert "  status: active" in lines
        assert not any("password_link" in line for line in lines)
        assert signs_in(PASSWORD)

    def test_says_it_all_in_one_json_object_when_asked(self) -> None:
        result = json.loads(run("--json", without=("admin-password",)))
        assert result["created"] is True
        assert result["slug"] == "gamma"
        assert result["plan"] == "starter"
        assert result["hosts"] == ["gamma.localhost"]
        with binding.platform():
            club = selectors.find_by_slug("gamma")
        assert club is not None
        assert result["id"] == str(club.id)
        with binding.club(ClubRef.of(club)):
            link = account_services.get_password_link(
                secret=secret_of(result["password_link"]), now=clock.now()
            )
        assert link.user.email == "admin@gamma.test"

    def test_names_the_flags_that_are_missing_when_nobody_can_be_asked(self) -> None:
        with pytest.raises(CommandError, match=r"^missing: --slug, --admin-email$"):
            run(without=("slug", "admin-email"))

    def test_asks_who_sits_there_for_what_is_missing(self, questions: list[str]) -> None:
        assert "provisioned gamma" in run(without=tuple(FLAGS))
        assert len(questions) == 7
        with binding.platform():
            club = selectors.find_by_slug("gamma")
        assert club is not None
        assert club.name == "Gamma"
        assert signs_in(PASSWORD)

    def test_asks_for_nothing_that_was_given(self, questions: list[str]) -> None:
        run(without=("plan",))
        assert questions == ["Plan (its code): "]

    def test_takes_no_answer_for_a_link(
        self, questions: list[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(getpass, "getpass", lambda prompt: "")
        assert "password_link: http" in run(without=("slug", "admin-password"))

    def test_changes_nothing_the_second_time(self) -> None:
        run()
        with binding.platform():
            before = Club.objects.filter(slug="gamma").values().get()
        said = run(name="Other", plan="unlimited", admin_password="another-password-1")
        assert said.splitlines()[0] == "exists already, nothing changed: gamma"
        with binding.platform():
            assert Club.objects.filter(slug="gamma").values().get() == before
        assert signs_in(PASSWORD)

    @pytest.mark.parametrize(
        ("changes", "complaint"),
        [
            ({"slug": "Not A Slug"}, "slug"),
            ({"currency": "ZZZ"}, "currency"),
            ({"time_zone": "Mars"}, "time_zone"),
            ({"admin_email": "x"}, "email"),
            ({"admin_password": "short"}, "password"),
            ({"admin_password": ""}, "password"),
        ],
    )
    def test_says_what_is_wrong(self, changes: dict[str, str], complaint: str) -> None:
        with pytest.raises(CommandError) as refused:
            run(**changes)
        assert complaint in json.loads(str(refused.value)) | json.loads(str(refused.value)).get(
            "admin", {}
        )

    @pytest.mark.parametrize(
        ("changes", "complaint"),
        [
            ({"plan": "golden"}, "invalid_input: plan: No plan has this code."),
            ({"slug": "platform"}, "invalid_input: slug: This slug is reserved."),
        ],
    )
    def test_says_what_the_platform_refuses(self, changes: dict[str, str], complaint: str) -> None:
        with pytest.raises(CommandError, match=complaint):
            run(**changes)
