from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("customers", "0006_order_of_customers"),
        ("invoices", "0001_initial"),
    ]

    operations = [
        migrations.RunSQL("SET LOCAL lock_timeout = '2s'", migrations.RunSQL.noop),
        migrations.AddIndex(
            model_name="invoice",
            index=models.Index(fields=["issued_at", "id"], name="invoices_by_issued_at"),
        ),
    ]
