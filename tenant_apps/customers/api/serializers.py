from typing import Any, ClassVar
from uuid import UUID

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from platform_shared.kit.access import Permission
from platform_shared.kit.listing import Expansion
from platform_shared.kit.serializers import EmailField, StrictSerializer
from tenant_apps.customers import selectors
from tenant_apps.customers.fields import EmergencyContactSerializer, RecordSerializer
from tenant_apps.customers.models import Customer, CustomerImport, ImportRow


class CustomerSerializer(serializers.ModelSerializer[Customer]):
    phone_e164 = serializers.CharField(help_text="The number that `phone` means; may be empty.")
    emergency_contact = serializers.SerializerMethodField()
    tags = serializers.ListField(child=serializers.CharField())
    locations = serializers.SerializerMethodField()
    guardian = serializers.UUIDField(source="guardian_id", allow_null=True)
    merged_into = serializers.SerializerMethodField(
        help_text="Whom this customer turned out to be; such a one cannot be changed or sold to."
    )
    has_login = serializers.SerializerMethodField()
    photo_url = serializers.SerializerMethodField()

    class Meta:
        model = Customer
        fields = (
            "id",
            "name",
            "email",
            "phone",
            "phone_e164",
            "birth_date",
            "address",
            "emergency_contact",
            "notes",
            "tags",
            "locations",
            "guardian",
            "guardian_relation",
            "is_active",
            "merged_into",
            "has_login",
            "photo_url",
            "created_at",
        )
        prefetches: ClassVar[dict[str, str]] = {"locations": "home_locations"}

    @extend_schema_field(EmergencyContactSerializer(allow_null=True))
    def get_emergency_contact(self, customer: Customer) -> dict[str, str] | None:
        if not customer.emergency_name:
            return None
        return {"name": customer.emergency_name, "phone": customer.emergency_phone}

    def get_locations(self, customer: Customer) -> list[UUID]:
        return [home.location_id for home in customer.home_locations.all()]

    def get_merged_into(self, customer: Customer) -> UUID | None:
        return None if customer.merged_into_id is None else customer.merge.survivor_id

    def get_has_login(self, customer: Customer) -> bool:
        return customer.user_id is not None

    def get_photo_url(self, customer: Customer) -> str | None:
        return None


CUSTOMER = Expansion(
    "customer",
    lambda caller: selectors.list_records(),
    CustomerSerializer,
    Permission.CUSTOMERS_MANAGE,
)


class _CustomerFieldsSerializer(RecordSerializer):
    email = EmailField(required=False, allow_null=True)
    emergency_contact = EmergencyContactSerializer(required=False, allow_null=True)
    locations = serializers.ListField(
        source="location_ids",
        child=serializers.UUIDField(),
        max_length=100,
        required=False,
        help_text="The customer's home locations.",
    )
    guardian = serializers.UUIDField(
        source="guardian_id",
        required=False,
        allow_null=True,
        help_text="An adult customer who answers for this one.",
    )
    guardian_relation = serializers.CharField(
        max_length=40, required=False, allow_blank=True, help_text="Such as `mother`."
    )
    allow_duplicate = serializers.BooleanField(
        required=False,
        help_text="Take it that somebody with the same number, or name and birth date, is another.",
    )


class NewCustomerSerializer(_CustomerFieldsSerializer):
    name = serializers.CharField(max_length=160)


class ChangeCustomerSerializer(_CustomerFieldsSerializer):
    name = serializers.CharField(max_length=160, required=False)
    is_active = serializers.BooleanField(required=False)


class MergeSerializer(StrictSerializer):
    duplicate = serializers.UUIDField(source="duplicate_id")


class ImportQuerySerializer(StrictSerializer):
    typed = False

    dry_run = serializers.BooleanField(required=False)


class NewImportSerializer(StrictSerializer):
    typed = False

    file = serializers.FileField(
        max_length=200, help_text="CSV in UTF-8 with a header; at most 20 MiB and 100,000 rows."
    )
    dry_run = serializers.BooleanField(
        required=False, default=False, help_text="Say what would become of each row; write nothing."
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Take what the query says for the form's; a file alone has no other place for it."""
        query = ImportQuerySerializer(data=self.context["query"].dict())
        query.is_valid(raise_exception=True)
        dry_run = query.validated_data.get("dry_run", attrs["dry_run"])
        # Asked of the form itself: a field that it leaves out reads as false.
        if self.initial_data.get("dry_run") and attrs["dry_run"] != dry_run:
            raise serializers.ValidationError(
                {"dry_run": "The form and the query say different things."}, code="contradiction"
            )
        return {**attrs, "dry_run": dry_run}


class ImportSerializer(serializers.ModelSerializer[CustomerImport]):
    rows = serializers.IntegerField(help_text="Looked at so far, of `total`.")

    class Meta:
        model = CustomerImport
        fields = (
            "id",
            "status",
            "dry_run",
            "total",
            "rows",
            "created",
            "duplicates",
            "invalid",
            "created_at",
            "finished_at",
        )


class ExportSerializer(StrictSerializer):
    typed = False

    bom = serializers.BooleanField(default=False)


class RowErrorSerializer(serializers.Serializer[Any]):
    field = serializers.CharField()
    code = serializers.CharField()
    detail = serializers.CharField()


class ImportRowSerializer(serializers.ModelSerializer[ImportRow]):
    customer = serializers.UUIDField(
        source="customer_id", allow_null=True, help_text="Who was made, or was there before."
    )
    duplicate_of = serializers.IntegerField(
        allow_null=True, help_text="The row that this one repeats, where nobody was made of it."
    )
    errors = RowErrorSerializer(many=True)  # type: ignore[assignment]

    class Meta:
        model = ImportRow
        fields = ("number", "fate", "customer", "duplicate_of", "errors")
