from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("clubs", "0002_settings_of_everyday_use"),
    ]

    operations = [
        migrations.RunSQL("SET LOCAL lock_timeout = '2s'", migrations.RunSQL.noop),
        migrations.AddField(
            model_name="club",
            name="origins",
            field=models.JSONField(db_default=models.Value([], models.JSONField()), default=list),
        ),
    ]
