from uuid import UUID

from platform_shared.clubs import selectors, services, settings_checks, usage
from platform_shared.clubs.api import serializers
from platform_shared.clubs.api.filters import ClubFilter
from platform_shared.clubs.errors import ClubNotActive, SlugTaken
from platform_shared.kit import clock
from platform_shared.kit.access import Permission
from platform_shared.kit.openapi import operation
from platform_shared.kit.views import ApiView, Request, Response
from platform_shared.tenancy import binding


class ClubsView(ApiView):
    access = {"GET": Permission.CLUBS_MANAGE, "POST": Permission.CLUBS_MANAGE}
    queryset = selectors.list_clubs()
    filterset_class = ClubFilter
    orderings = (selectors.BY_SLUG,)

    @operation("listClubs", "Clubs", answers=serializers.ClubSerializer(many=True))
    def get(self, request: Request) -> Response:
        """All clubs, newest first."""
        return self.page(selectors.list_clubs(), serializers.ClubSerializer)

    @operation(
        "createClub",
        "Clubs",
        body=serializers.NewClubSerializer,
        answers={201: serializers.CreatedClubSerializer},
        errors=(SlugTaken,),
    )
    def post(self, request: Request) -> Response:
        """Provision a club: it serves as soon as this has answered."""
        data = self.valid(serializers.NewClubSerializer)
        admin = data.pop("admin")
        made = services.provision_club(
            **data,
            admin_email=admin["email"],
            admin_password=admin.get("password"),
            now=clock.now(),
        )
        answer = serializers.CreatedClubSerializer(made.club, context=made.extras)
        return Response(answer.data, status=201)


class ClubView(ApiView):
    access = {"GET": Permission.CLUBS_MANAGE, "PATCH": Permission.CLUBS_MANAGE}
    tagged_as = serializers.ClubSerializer

    @operation("getClub", "Clubs", answers=serializers.ClubSerializer)
    def get(self, request: Request, club_id: UUID) -> Response:
        """One club."""
        return self.one(selectors.get_club(club_id), serializers.ClubSerializer)

    @operation(
        "changeClub",
        "Clubs",
        body=serializers.ChangeClubSerializer,
        answers=serializers.ClubSerializer,
        errors=(ClubNotActive,),
    )
    def patch(self, request: Request, club_id: UUID) -> Response:
        """Suspend a club, or lift that."""
        data = self.valid(serializers.ChangeClubSerializer)
        club = services.set_status(
            club_id=club_id, status=data["status"], precondition=self.precondition
        )
        return Response(serializers.ClubSerializer(club).data)


class OwnClubView(ApiView):
    """The club of this host."""

    access = {"GET": Permission.CLUB_VIEW, "PATCH": Permission.CLUB_MANAGE}
    tagged_as = serializers.ClubSettingsSerializer

    @operation("getClubSettings", "Club", answers=serializers.ClubSettingsSerializer)
    def get(self, request: Request) -> Response:
        club = selectors.get_club(binding.current_club().id)
        return self.one(club, serializers.ClubSettingsSerializer)

    @operation(
        "changeClubSettings",
        "Club",
        body=serializers.ChangeClubSettingsSerializer,
        answers=serializers.ClubSettingsSerializer,
        errors=settings_checks.refusals,  # grows as apps register theirs
    )
    def patch(self, request: Request) -> Response:
        changes = self.valid(serializers.ChangeClubSettingsSerializer)
        club = services.change_settings(
            club_id=binding.current_club().id, changes=changes, precondition=self.precondition
        )
        return Response(serializers.ClubSettingsSerializer(club).data)


class OriginsView(ApiView):
    """The sites whose pages may call the club's API from a browser (CORS)."""

    access = {"GET": Permission.CLUB_MANAGE, "PUT": Permission.CLUB_MANAGE}
    tagged_as = serializers.ClubOriginsSerializer
    must_match = ("PUT",)  # a list replaced unseen would shut out a site that was just added

    @operation("getOrigins", "Club", answers=serializers.ClubOriginsSerializer)
    def get(self, request: Request) -> Response:
        club = selectors.get_club(binding.current_club().id)
        return Response(serializers.ClubOriginsSerializer(club).data)

    @operation(
        "replaceOrigins",
        "Club",
        body=serializers.ClubOriginsSerializer,
        answers=serializers.ClubOriginsSerializer,
    )
    def put(self, request: Request) -> Response:
        data = self.valid(serializers.ClubOriginsSerializer)
        club = services.replace_origins(
            club_id=binding.current_club().id, **data, precondition=self.precondition
        )
        return Response(serializers.ClubOriginsSerializer(club).data)


class UsageView(ApiView):
    """What the club's plan allows, and how much of it is used."""

    access = {"GET": Permission.CLUB_MANAGE}

    @operation("getClubUsage", "Club", answers=serializers.UsageSerializer)
    def get(self, request: Request) -> Response:
        return Response(serializers.UsageSerializer(usage.get_usage()).data)
