"""Check-ins and annulments can be followed: each row knows the transaction that wrote it."""

from django.db import migrations, models

from platform_shared.tenancy.commit_order import record_transaction


class Migration(migrations.Migration):
    dependencies = [("checkins", "0003_judgement_of_a_check_in")]
    operations = [
        migrations.RunSQL("SET LOCAL lock_timeout = '2s'", migrations.RunSQL.noop),
        record_transaction("checkin", "checkins_checkin"),
        record_transaction("annulment", "checkins_annulment"),
        migrations.AddIndex(
            model_name="checkin",
            index=models.Index(fields=["recorded_in", "id"], name="checkins_by_commit"),
        ),
        migrations.AddIndex(
            model_name="annulment",
            index=models.Index(fields=["recorded_in", "id"], name="checkins_annulments_by_commit"),
        ),
    ]
