from django.db import migrations, models
from django.db.models.functions import Cast, Coalesce


class Migration(migrations.Migration):
    dependencies = [
        ("customers", "0006_order_of_customers"),
        ("packages", "0003_order_of_packages"),
        ("subscriptions", "0004_changes_are_append_only"),
    ]

    operations = [
        migrations.RunSQL("SET LOCAL lock_timeout = '2s'", migrations.RunSQL.noop),
        migrations.AddIndex(
            model_name="subscription",
            index=models.Index(fields=["starts_at", "id"], name="subscriptions_by_starts_at"),
        ),
        migrations.AddIndex(
            model_name="subscription",
            index=models.Index(
                Coalesce(
                    "ends_at",
                    Cast(models.Value("infinity"), models.DateTimeField()),
                    output_field=models.DateTimeField(),
                ),
                models.F("id"),
                name="subscriptions_by_ends_at",
            ),
        ),
        migrations.RemoveIndex(
            model_name="subscription",
            name="subscriptions_by_start",
        ),
    ]
