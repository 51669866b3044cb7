"""Every club's files lie under its own prefix, and no name leads out of it."""

from pathlib import Path

import pytest
from django.core.exceptions import SuspiciousFileOperation
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage, storages

from platform_shared.tenancy import binding
from platform_shared.tenancy.errors import ClubNotBound
from platform_shared.tenancy.files import ClubFileStorage
from tests.support.world import ClubWorld

NAME = "photos/face.txt"


@pytest.fixture
def storage(tmp_path: Path) -> ClubFileStorage:
    return ClubFileStorage(location=str(tmp_path))


def stored(storage: FileSystemStorage, club: ClubWorld) -> str:
    with binding.club(club.ref):
        return storage.save(NAME, ContentFile(club.ref.slug.encode()))


class TestFiles:
    def test_are_found_by_the_name_they_were_given(
        self, storage: ClubFileStorage, club_a: ClubWorld
    ) -> None:
        """A model keeps the name that ``save`` returns and opens the file by it later."""
        name = stored(storage, club_a)
        assert name == NAME
        with binding.club(club_a.ref), storage.open(name) as file:
            assert file.read() == b"alpha"

    def test_are_not_there_for_another_club(
        self, storage: ClubFileStorage, club_a: ClubWorld, club_b: ClubWorld
    ) -> None:
        name = stored(storage, club_a)
        for other in (binding.club(club_b.ref), binding.platform()):
            with other:
                assert not storage.exists(name)
                with pytest.raises(FileNotFoundError):
                    storage.open(name)
                with pytest.raises(FileNotFoundError):
                    storage.listdir("photos")
                storage.delete(name)
        with binding.club(club_a.ref):
            assert storage.exists(name)

    def test_of_the_same_name_are_two(
        self, storage: ClubFileStorage, club_a: ClubWorld, club_b: ClubWorld
    ) -> None:
        assert stored(storage, club_a) == stored(storage, club_b) == NAME
        for club in (club_a, club_b):
            with binding.club(club.ref), storage.open(NAME) as file:
                assert file.read() == club.ref.slug.encode()

    def test_lie_under_the_clubs_immutable_id(
        self, storage: ClubFileStorage, club_a: ClubWorld, tmp_path: Path
    ) -> None:
        stored(storage, club_a)
        (file,) = (path for path in tmp_path.rglob("*") if path.is_file())
        assert file.relative_to(tmp_path).as_posix() == f"{club_a.ref.id}/{NAME}"

    def test_would_be_everybodys_in_djangos_own_storage(
        self, club_a: ClubWorld, club_b: ClubWorld, tmp_path: Path
    ) -> None:
        shared = FileSystemStorage(location=tmp_path)
        name = stored(shared, club_a)
        with binding.club(club_b.ref):
            assert shared.exists(name)

    def test_are_what_the_project_stores_by_default(self) -> None:
        assert isinstance(storages["default"], ClubFileStorage)


class TestNames:
    @pytest.mark.parametrize("use", ["open", "exists", "delete", "size", "path", "listdir"])
    def test_that_climb_out_are_refused(
        self, use: str, storage: ClubFileStorage, club_a: ClubWorld, club_b: ClubWorld
    ) -> None:
        stored(storage, club_b)
        with binding.club(club_a.ref):
            for name in (
                f"../{club_b.ref.id}/{NAME}",
                f"photos/../../{club_b.ref.id}/{NAME}",
                f"./../{club_b.ref.id}/photos",
                f"{storage.base_location}/{club_b.ref.id}/{NAME}",
                "/etc/passwd",
                "..",
            ):
                with pytest.raises(SuspiciousFileOperation):
                    getattr(storage, use)(name)

    @pytest.mark.parametrize("name", ["../escaped.txt", "a/../../escaped.txt", "/escaped.txt"])
    def test_that_climb_out_are_not_written_to(
        self, name: str, storage: ClubFileStorage, club_a: ClubWorld, tmp_path: Path
    ) -> None:
        with binding.club(club_a.ref), pytest.raises(SuspiciousFileOperation):
            storage.save(name, ContentFile(b"x"))
        assert not [path for path in tmp_path.rglob("*") if path.is_file()]

    def test_need_a_club(
        self, storage: ClubFileStorage, db: None, unbound_by_default: None
    ) -> None:
        for use in (storage.open, storage.exists, storage.delete, storage.path, storage.listdir):
            with pytest.raises(ClubNotBound):
                use(NAME)
        with pytest.raises(ClubNotBound):
            storage.save(NAME, ContentFile(b"x"))
