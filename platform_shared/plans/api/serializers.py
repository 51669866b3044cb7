from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from platform_shared.kit.serializers import MoneySerializer
from platform_shared.plans.models import Plan


class PlanSerializer(serializers.ModelSerializer[Plan]):
    class Meta:
        model = Plan
        fields = (
            "id",
            "code",
            "name",
            "price",
            "max_customers",
            "max_staff",
            "max_locations",
        )

    price = serializers.SerializerMethodField()

    @extend_schema_field(MoneySerializer)
    def get_price(self, plan: Plan) -> dict[str, int | str]:
        return {"amount": plan.price_amount, "currency": plan.price_currency}
