"""Every club's files lie under a prefix of their own, and names cannot climb out of it."""

from pathlib import Path

import pytest
from django.core.exceptions import SuspiciousFileOperation
from django.core.files.base import ContentFile
from django.core.files.storage import storages

from platform_shared.tenancy import binding
from platform_shared.tenancy.errors import ClubNotBound
from platform_shared.tenancy.files import ClubFileStorage
from tests.support.world import ClubWorld


@pytest.fixture
def storage(tmp_path: Path) -> ClubFileStorage:
    return ClubFileStorage(location=str(tmp_path))


class TestClubFileStorage:
    def test_is_what_the_project_uses(self) -> None:
        assert isinstance(storages["default"], ClubFileStorage)

    def test_gives_back_what_was_saved(
        self, storage: ClubFileStorage, tmp_path: Path, bound_a: ClubWorld
    ) -> None:
        name = storage.save("photos/carla.txt", ContentFile(b"smile"))
        assert name == "photos/carla.txt"
        with storage.open(name) as file:
            assert file.read() == b"smile"
        stored = tmp_path / str(bound_a.ref.id) / "photos" / "carla.txt"
        assert stored.read_bytes() == b"smile"
        assert storage.listdir("photos") == ([], ["carla.txt"])
        storage.delete(name)
        assert not storage.exists(name)

    def test_keeps_clubs_and_platform_apart(
        self, storage: ClubFileStorage, club_a: ClubWorld, club_b: ClubWorld
    ) -> None:
        with binding.club(club_a.ref):
            storage.save("file.txt", ContentFile(b"a"))
        with binding.club(club_b.ref):
            assert not storage.exists("file.txt")
            storage.save("file.txt", ContentFile(b"b"))
        with binding.platform():
            assert not storage.exists("file.txt")
        with binding.club(club_a.ref), storage.open("file.txt") as file:
            assert file.read() == b"a"

    @pytest.mark.parametrize("name", ["../secret", "/etc/passwd", "a/../../b", "photos/../../b"])
    def test_refuses_names_that_climb_out(
        self, storage: ClubFileStorage, bound_a: ClubWorld, name: str
    ) -> None:
        with pytest.raises(SuspiciousFileOperation):
            storage.path(name)
        with pytest.raises(SuspiciousFileOperation):
            storage.save(name, ContentFile(b"x"))

    def test_refuses_files_that_are_nobodys(
        self, storage: ClubFileStorage, unbound_by_default: None
    ) -> None:
        with pytest.raises(ClubNotBound):
            storage.path("file.txt")
