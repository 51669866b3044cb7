"""Check-ins and annulments are only ever added."""

from django.db import migrations

from platform_shared.tenancy.append_only import protect


class Migration(migrations.Migration):
    dependencies = [("checkins", "0001_initial"), ("tenancy", "0001_append_only")]
    operations = [protect("checkins_checkin"), protect("checkins_annulment")]
