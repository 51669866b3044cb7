"""The ledger's lines are only ever added."""

from django.db import migrations

from platform_shared.tenancy.append_only import protect


class Migration(migrations.Migration):
    dependencies = [("subscriptions", "0001_initial"), ("tenancy", "0001_append_only")]
    operations = [protect("subscriptions_creditentry")]
