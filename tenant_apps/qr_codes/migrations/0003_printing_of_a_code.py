from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("qr_codes", "0002_label_of_a_code"),
    ]

    operations = [
        migrations.AddField(
            model_name="qrcode",
            name="printed_at",
            field=models.DateTimeField(null=True),
        ),
    ]
