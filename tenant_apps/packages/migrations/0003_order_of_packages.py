from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("packages", "0002_what_clubs_sell"),
    ]

    operations = [
        migrations.RunSQL("SET LOCAL lock_timeout = '2s'", migrations.RunSQL.noop),
        migrations.AddIndex(
            model_name="package",
            index=models.Index(fields=["position", "-id"], name="packages_by_position"),
        ),
    ]
