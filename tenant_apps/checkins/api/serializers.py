from datetime import datetime
from typing import Any, ClassVar

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from platform_shared.kit.listing import Expansion
from platform_shared.kit.serializers import ActorSerializer, StrictSerializer
from platform_shared.tenancy.commit_order import Position
from tenant_apps.checkins.enums import EventType, Kind, Reason, Result
from tenant_apps.checkins.explanation import Outcome
from tenant_apps.checkins.models import Annulment, CheckIn
from tenant_apps.customers.api.serializers import CUSTOMER
from tenant_apps.locations.api.serializers import LOCATION
from tenant_apps.subscriptions.api.serializers import SUBSCRIPTION


@extend_schema_field(OpenApiTypes.STR)
class ScannedTextField(serializers.Field[str, Any, str, Any]):
    """Whatever a scanner has read: text that is no code of ours is judged by the door, not here.

    So an empty text, one of any length and one with odd characters in it are answered as
    ``unknown_code`` and logged; no more than a code's length of it is ever worked on.
    """

    default_error_messages = {"invalid": "Must be a string."}

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return str(data)


class ScanSerializer(StrictSerializer):
    """Either ``code`` or ``customer``; events and devices come later and must be null."""

    scan_id = serializers.UUIDField(help_text="Chosen by the door; a repeat is answered the same.")
    code = ScannedTextField(required=False, allow_null=True)
    customer = serializers.UUIDField(required=False, allow_null=True)
    kind = serializers.ChoiceField(choices=Kind.choices)
    location = serializers.UUIDField(required=False, allow_null=True)
    event = serializers.UUIDField(required=False, allow_null=True)
    device = serializers.UUIDField(required=False, allow_null=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if (attrs.get("code") is None) == (attrs.get("customer") is None):
            raise serializers.ValidationError(
                {"code": "Give a code, or a customer in its place."}, code="code_or_customer"
            )
        for absent in ("event", "device"):
            if attrs.get(absent) is not None:
                raise serializers.ValidationError(
                    {absent: "No such object in this club."}, code="does_not_exist"
                )
        return attrs


class DoorCustomerSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    photo_url = serializers.CharField(allow_null=True, default=None)


class DoorSubscriptionSerializer(serializers.Serializer[Any]):
    """The subscription used, or the one nearest to usable."""

    id = serializers.UUIDField()
    package = serializers.CharField(help_text="The package's name.")
    credits_left = serializers.IntegerField(allow_null=True)
    ends_at = serializers.DateTimeField(allow_null=True)


class ScanAnswerSerializer(serializers.ModelSerializer[CheckIn]):
    result = serializers.ChoiceField(choices=Result.choices)
    reason = serializers.ChoiceField(choices=Reason.choices)
    customer = DoorCustomerSerializer(allow_null=True)
    subscription = DoorSubscriptionSerializer(source="judged", allow_null=True)

    class Meta:
        model = CheckIn
        fields: Any = (
            "id",
            "scan_id",
            "kind",
            "result",
            "reason",
            "customer",
            "subscription",
            "scanned_at",
        )


class CheckInSerializer(ScanAnswerSerializer):
    """A row of the log."""

    location = serializers.UUIDField(source="location_id", allow_null=True)
    scanned_by = ActorSerializer(source="actor")
    charged = serializers.SerializerMethodField(help_text="A credit was taken.")
    annulled_at = serializers.DateTimeField(
        source="annulment.annulled_at", allow_null=True, default=None
    )

    class Meta(ScanAnswerSerializer.Meta):
        fields = (
            *ScanAnswerSerializer.Meta.fields,
            "method",
            "location",
            "charged",
            "scanned_by",
            "annulled_at",
        )
        expansions: ClassVar[tuple[Expansion, ...]] = (CUSTOMER, SUBSCRIPTION, LOCATION)

    def get_charged(self, check_in: CheckIn) -> bool:
        return check_in.lot_id is not None


class AnnulSerializer(StrictSerializer):
    reason = serializers.CharField(max_length=500, required=False, allow_blank=True, default="")


class AnnulmentSerializer(serializers.ModelSerializer[Annulment]):
    check_in = serializers.UUIDField(source="check_in_id")
    annulled_by = ActorSerializer(source="actor")

    class Meta:
        model = Annulment
        fields = ("id", "check_in", "reason", "credit_returned", "annulled_at", "annulled_by")


class RuleSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    outcome = serializers.ChoiceField(
        choices=[(outcome.value, outcome.name) for outcome in Outcome],
        help_text="What came after the rule that failed was not judged.",
    )


class JudgedSubscriptionSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    package = serializers.CharField(help_text="The package's name.")
    customer = serializers.UUIDField(help_text="Whose it is; others may share it.")
    reason = serializers.ChoiceField(choices=Reason.choices)


class LocalTimeField(serializers.DateTimeField):
    """A time with the offset of the zone that it is in."""

    def enforce_timezone(self, value: datetime) -> datetime:
        return value


class ExplanationSerializer(serializers.Serializer[Any]):
    """The rules and the subscriptions, each in the order in which they were judged."""

    check_in = CheckInSerializer()
    rules = RuleSerializer(many=True)
    subscriptions = JudgedSubscriptionSerializer(many=True)
    lot = serializers.UUIDField(source="check_in.lot_id", allow_null=True)
    balance_before = serializers.IntegerField(allow_null=True)
    balance_after = serializers.IntegerField(allow_null=True)
    inside_since = serializers.DateTimeField(allow_null=True)
    local_time = LocalTimeField(help_text="The scan's time by the club's clock.")


class InsideSerializer(serializers.Serializer[Any]):
    """Somebody who is inside, by the entry that says so."""

    customer = DoorCustomerSerializer()
    since = serializers.DateTimeField(source="scanned_at")
    location = serializers.UUIDField(source="location_id", allow_null=True)
    check_in = serializers.UUIDField(source="id")


class RoomSerializer(serializers.Serializer[Any]):
    inside = serializers.IntegerField()
    capacity = serializers.IntegerField(allow_null=True, help_text="Null: any number.")
    free = serializers.IntegerField(
        allow_null=True, help_text="Never below 0, even where more are inside than may be."
    )


class LocationRoomSerializer(RoomSerializer):
    id = serializers.UUIDField()
    name = serializers.CharField()


class OccupancySerializer(RoomSerializer):
    """How full the club is; who came in without a location counts for the club alone."""

    as_of = serializers.DateTimeField()
    locations = LocationRoomSerializer(many=True)


class PositionField(serializers.CharField):
    """A cursor that the feed gave out."""

    default_error_messages = {"invalid": "Not a cursor of this feed."}

    def to_internal_value(self, data: Any) -> Any:
        try:
            return Position.decode(super().to_internal_value(data))
        except ValueError:
            self.fail("invalid")


class FeedQuerySerializer(StrictSerializer):
    typed = False

    after = PositionField(
        required=False, help_text="`next` of the page before; left out, the feed starts now."
    )
    limit = serializers.IntegerField(
        min_value=1, max_value=200, default=100, help_text="Events of a page."
    )


class FeedEventSerializer(CheckInSerializer):
    """A row of the log as it is now, told because it was made or because it was annulled."""

    type = serializers.ChoiceField(choices=EventType.choices)
    annulment = AnnulmentSerializer(allow_null=True)

    class Meta(CheckInSerializer.Meta):
        fields = ("type", *CheckInSerializer.Meta.fields, "annulment")
        expansions = ()

    def to_representation(self, event: Any) -> dict[str, Any]:
        annulled = event.annulment
        return {
            "type": event.type,
            **CheckInSerializer(event.check_in).data,
            "annulment": None if annulled is None else AnnulmentSerializer(annulled).data,
        }


class FeedSerializer(serializers.Serializer[Any]):
    """Some events, oldest first."""

    events = FeedEventSerializer(many=True)
    next = serializers.CharField(source="next.encode", help_text="`after` of the next call.")
    more = serializers.BooleanField(help_text="There is more to read at once.")
