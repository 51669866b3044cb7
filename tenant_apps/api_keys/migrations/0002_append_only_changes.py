"""What was done to a key is only ever added to."""

from django.db import migrations

from platform_shared.tenancy.append_only import protect


class Migration(migrations.Migration):
    dependencies = [("api_keys", "0001_initial"), ("tenancy", "0001_append_only")]
    operations = [protect("api_keys_apikeychange")]
