"""The cached form of a club loses nothing."""

import json

from platform_shared.clubs.models import Club
from platform_shared.tenancy.club_ref import ClubRef
from tests.support.world import ClubWorld


class TestClubRef:
    def test_survives_being_stored(self, club_a: ClubWorld) -> None:
        stored = json.dumps(club_a.ref.to_json())
        assert ClubRef.from_json(json.loads(stored)) == club_a.ref

    def test_is_made_of_a_club(self, platform_bound: None, club_a: ClubWorld) -> None:
        assert ClubRef.of(Club.objects.get(pk=club_a.ref.id)) == club_a.ref

    def test_keeps_the_origins_that_were_registered(
        self, platform_bound: None, club_a: ClubWorld
    ) -> None:
        club = Club.objects.get(pk=club_a.ref.id)
        club.origins = ["https://b.example", "https://a.example"]
        ref = ClubRef.of(club)
        assert ref.origins == {"https://a.example", "https://b.example"}
        assert ClubRef.from_json(json.loads(json.dumps(ref.to_json()))) == ref
