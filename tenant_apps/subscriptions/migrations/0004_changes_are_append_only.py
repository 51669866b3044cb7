"""What was done to a subscription is only ever added to."""

from django.db import migrations

from platform_shared.tenancy.append_only import protect


class Migration(migrations.Migration):
    dependencies = [
        ("subscriptions", "0003_life_of_a_subscription"),
        ("tenancy", "0001_append_only"),
    ]
    operations = [protect("subscriptions_subscriptionchange")]
