"""What sends mail: files in a club's own folder, or nothing, said aloud."""

from pathlib import Path

import pytest
from django.core.mail import EmailMessage, mailers
from pytest_django import Settings

from platform_shared.tenancy import binding
from platform_shared.tenancy.errors import ClubNotBound
from tests.support.world import ClubWorld

LINK = "http://alpha.localhost:8000/api/v1/auth/password?token=" + "x" * 43


def use(settings: Settings, backend: str, **options: str) -> None:
    path = f"platform_shared.mail.backends.{backend}"
    settings.MAILERS = {"default": {"BACKEND": path, "OPTIONS": options}}


def mail() -> EmailMessage:
    return EmailMessage(subject="Hello", body=f"Übrigens:\n\n{LINK}\n", to=["carla@alpha.test"])


class TestClubFileBackend:
    @pytest.fixture(autouse=True)
    def files(self, settings: Settings, tmp_path: Path) -> Path:
        use(settings, "ClubFileBackend", file_path=str(tmp_path))
        return tmp_path

    def test_writes_into_the_clubs_own_folder(
        self, files: Path, club_a: ClubWorld, club_b: ClubWorld
    ) -> None:
        for target in (binding.club(club_a.ref), binding.club(club_b.ref), binding.platform()):
            with target:
                assert mail().send() == 1
        written = {path.parent.relative_to(files).as_posix() for path in files.rglob("*.log")}
        assert written == {str(club_a.ref.id), str(club_b.ref.id), "platform"}

    def test_writes_links_so_that_they_can_be_copied(self, files: Path, club_a: ClubWorld) -> None:
        with binding.club(club_a.ref):
            mail().send()
        (file,) = files.rglob("*.log")
        assert LINK in file.read_text()
        assert "Übrigens:" in file.read_text()

    def test_needs_somebody(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("platform_shared.tenancy.process.default_schema", None)
        with pytest.raises(ClubNotBound):
            mailers["default"]


class TestOffBackend:
    def test_sends_nothing_and_says_so(
        self, settings: Settings, caplog: pytest.LogCaptureFixture
    ) -> None:
        use(settings, "OffBackend")
        assert mail().send() == 0
        assert "EMAIL_URL" in caplog.text
        assert "carla" not in caplog.text
