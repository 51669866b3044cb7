from django.db import migrations, models
from django.db.models.functions import Cast, Coalesce


class Migration(migrations.Migration):
    dependencies = [
        ("invoices", "0002_order_of_invoices"),
        ("payments", "0001_initial"),
    ]

    operations = [
        migrations.RunSQL("SET LOCAL lock_timeout = '2s'", migrations.RunSQL.noop),
        migrations.AddIndex(
            model_name="payment",
            index=models.Index(
                Coalesce(
                    "paid_at",
                    Cast(models.Value("infinity"), models.DateTimeField()),
                    output_field=models.DateTimeField(),
                ),
                models.F("id"),
                name="payments_in_order_of_paying",
            ),
        ),
    ]
