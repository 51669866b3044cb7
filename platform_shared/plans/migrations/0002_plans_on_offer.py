"""The plans that a new installation offers."""

import uuid

from django.db import migrations

NAMESPACE = uuid.UUID("6f1c1a52-8f62-5a0e-9d1a-0d5f4a0c7e11")
PLANS = (
    # code, name, price a month in cents, customers, staff, locations
    ("starter", "Starter", 2900, 200, 5, 1),
    ("standard", "Standard", 7900, 2000, 25, 5),
    ("unlimited", "Unlimited", 19900, None, None, None),
)


def offer(apps, schema_editor):
    plan = apps.get_model("plans", "Plan")
    for code, name, price, customers, staff, locations in PLANS:
        plan.objects.get_or_create(
            code=code,
            defaults={
                "id": uuid.uuid5(NAMESPACE, code),
                "name": name,
                "price_amount": price,
                "price_currency": "EUR",
                "max_customers": customers,
                "max_staff": staff,
                "max_locations": locations,
            },
        )


class Migration(migrations.Migration):
    dependencies = [("plans", "0001_initial")]
    operations = [migrations.RunPython(offer, migrations.RunPython.noop)]
