from django.db.models import QuerySet

from platform_shared.plans.models import Plan


def list_plans() -> QuerySet[Plan]:
    """Return the plans on offer."""
    return Plan.objects.filter(is_active=True)


def find_by_code(code: str) -> Plan | None:
    """Return the plan on offer with this code, or None."""
    return list_plans().filter(code=code).first()
