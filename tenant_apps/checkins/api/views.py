from uuid import UUID

from platform_shared.kit import clock, metrics, problem
from platform_shared.kit.access import Permission
from platform_shared.kit.errors import Forbidden
from platform_shared.kit.openapi import operation
from platform_shared.kit.serializers import ProblemSerializer, shared
from platform_shared.kit.views import ApiView, Request, Response
from tenant_apps.checkins import explanation, feed, occupancy, selectors, services
from tenant_apps.checkins.api import serializers
from tenant_apps.checkins.api.filters import CheckInFilter, InsideFilter
from tenant_apps.checkins.enums import Kind
from tenant_apps.checkins.errors import AlreadyAnnulled, NotAnnullable, ScanIdReused


class ScansView(ApiView):
    """The door."""

    access = {"POST": Permission.DOOR_SCAN}
    honours_idempotency_key = False  # a scan has its `scan_id`
    counts_forged_tokens = False  # the door is never throttled

    @operation(
        "recordScan",
        "Door",
        body=serializers.ScanSerializer,
        answers={
            201: serializers.ScanAnswerSerializer,
            200: serializers.ScanAnswerSerializer,
            (422, problem.CONTENT_TYPE): ProblemSerializer,
        },
        errors=(Forbidden, ScanIdReused),
    )
    def post(self, request: Request) -> Response:
        data = shared(serializers.ScanSerializer).run_validation(request.data)
        scan = services.Scan(
            scan_id=data["scan_id"],
            kind=Kind(data["kind"]),
            code=data.get("code"),
            customer_id=data.get("customer"),
            location_id=data.get("location"),
        )
        if scan.code is None and (
            Permission.DOOR_CHECK_IN_WITHOUT_CODE not in self.caller.permissions
        ):
            raise Forbidden
        answer = services.record_scan(scan=scan, now=clock.now(), actor=self.caller.actor)
        if answer.is_new:
            check_in = answer.check_in
            metrics.scan_recorded(check_in.kind, check_in.result, check_in.reason)
        body = shared(serializers.ScanAnswerSerializer).to_representation(answer.check_in)
        return Response(body, status=201 if answer.is_new else 200)


class CheckInsView(ApiView):
    access = {"GET": Permission.CHECK_INS_VIEW}
    queryset = selectors.list_check_ins()
    filterset_class = CheckInFilter
    orderings = (selectors.BY_TIME,)

    @operation("listCheckIns", "Check-ins", answers=serializers.CheckInSerializer(many=True))
    def get(self, request: Request) -> Response:
        """The log of scans, newest first: accepted and refused, entries and exits."""
        return self.page(selectors.list_check_ins(), serializers.CheckInSerializer)


class CheckInView(ApiView):
    access = {"GET": Permission.CHECK_INS_VIEW}

    @operation("getCheckIn", "Check-ins", answers=serializers.CheckInSerializer)
    def get(self, request: Request, check_in_id: UUID) -> Response:
        """One scan, as it was answered."""
        return self.one(selectors.get_check_in(check_in_id), serializers.CheckInSerializer)


class ExplanationView(ApiView):
    """Why a scan was answered as it was."""

    access = {"GET": Permission.CHECK_INS_VIEW}

    @operation("explainCheckIn", "Check-ins", answers=serializers.ExplanationSerializer)
    def get(self, request: Request, check_in_id: UUID) -> Response:
        found = explanation.explain(selectors.get_check_in(check_in_id))
        return Response(serializers.ExplanationSerializer(found).data)


class AnnulmentView(ApiView):
    access = {"POST": Permission.CHECK_INS_ANNUL}

    @operation(
        "annulCheckIn",
        "Check-ins",
        body=serializers.AnnulSerializer,
        answers={201: serializers.AnnulmentSerializer},
        errors=(AlreadyAnnulled, NotAnnullable),
    )
    def post(self, request: Request, check_in_id: UUID) -> Response:
        """Take an accepted check-in back, and give back the credit that it charged."""
        data = self.valid(serializers.AnnulSerializer)
        annulment = services.annul_check_in(
            check_in_id=check_in_id, **data, now=clock.now(), actor=self.caller.actor
        )
        return Response(serializers.AnnulmentSerializer(annulment).data, status=201)


class InsideView(ApiView):
    """Who is inside: their last accepted scan that stands is an entry since the club's night."""

    access = {"GET": Permission.CHECK_INS_VIEW}
    queryset = selectors.list_check_ins()
    filterset_class = InsideFilter
    orderings = (selectors.SINCE,)

    @operation("listPeopleInside", "Door", answers=serializers.InsideSerializer(many=True))
    def get(self, request: Request) -> Response:
        night = occupancy.last_night(clock.now())
        return self.page(selectors.inside(night), serializers.InsideSerializer)


class OccupancyView(ApiView):
    """How full the club and its locations are."""

    access = {"GET": Permission.CHECK_INS_VIEW}

    @operation("getOccupancy", "Door", answers=serializers.OccupancySerializer)
    def get(self, request: Request) -> Response:
        answer = occupancy.get_occupancy(clock.now())
        return Response(serializers.OccupancySerializer(answer).data)


class FeedView(ApiView):
    """The log as it grows, oldest first: check-ins and annulments.

    The first call, without `after`, answers no events and where to go on; each later one goes on
    from `next`. Nothing is left out or told twice, however often the connection is lost.
    """

    access = {"GET": Permission.CHECK_INS_VIEW}

    @operation(
        "getDoorFeed",
        "Door",
        parameters=[serializers.FeedQuerySerializer],
        answers=serializers.FeedSerializer,
    )
    def get(self, request: Request) -> Response:
        asked = serializers.FeedQuerySerializer(data=request.query_params.dict())
        asked.is_valid(raise_exception=True)
        page = feed.read(
            after=asked.validated_data.get("after"), limit=asked.validated_data["limit"]
        )
        return Response(serializers.FeedSerializer(page).data)
