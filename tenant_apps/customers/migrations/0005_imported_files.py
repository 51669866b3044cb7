import django.db.models.deletion
import django.db.models.expressions
from django.db import migrations, models

import platform_shared.kit.ids


class Migration(migrations.Migration):
    dependencies = [
        ("customers", "0004_merged_customers"),
    ]

    operations = [
        migrations.CreateModel(
            name="CustomerImport",
            fields=[
                ("actor_kind", models.CharField(max_length=20)),
                ("actor_id", models.UUIDField(null=True)),
                ("actor_label", models.CharField(max_length=254)),
                (
                    "id",
                    models.UUIDField(
                        default=platform_shared.kit.ids.new_id,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("file", models.CharField(max_length=100)),
                ("dry_run", models.BooleanField()),
                (
                    "status",
                    models.CharField(
                        choices=[("pending", "Pending"), ("running", "Running"), ("done", "Done")],
                        max_length=7,
                    ),
                ),
                ("columns", models.JSONField()),
                ("delimiter", models.CharField(max_length=1)),
                ("offset", models.PositiveIntegerField()),
                ("total", models.PositiveIntegerField()),
                ("rows", models.PositiveIntegerField(default=0)),
                ("created", models.PositiveIntegerField(default=0)),
                ("duplicates", models.PositiveIntegerField(default=0)),
                ("invalid", models.PositiveIntegerField(default=0)),
                ("created_at", models.DateTimeField()),
                ("finished_at", models.DateTimeField(null=True)),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("status__in", ["pending", "running", "done"])),
                        name="customers_import_status",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "rows",
                                django.db.models.expressions.CombinedExpression(
                                    django.db.models.expressions.CombinedExpression(
                                        models.F("created"), "+", models.F("duplicates")
                                    ),
                                    "+",
                                    models.F("invalid"),
                                ),
                            )
                        ),
                        name="customers_import_adds_up",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ImportRow",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=platform_shared.kit.ids.new_id,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("number", models.PositiveIntegerField()),
                (
                    "fate",
                    models.CharField(
                        choices=[
                            ("created", "Created"),
                            ("duplicate", "Duplicate"),
                            ("invalid", "Invalid"),
                        ],
                        max_length=9,
                    ),
                ),
                ("digest", models.BinaryField(max_length=32)),
                ("duplicate_of", models.PositiveIntegerField(null=True)),
                ("errors", models.JSONField(default=list)),
                (
                    "customer",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="customers.customer",
                    ),
                ),
                (
                    "customer_import",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="fates",
                        to="customers.customerimport",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("customer__isnull", False), ("fate", "created")),
                        fields=["digest"],
                        name="customers_imported_before",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("customer_import", "number"), name="customers_import_row_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("fate__in", ["created", "duplicate", "invalid"])),
                        name="customers_import_row_fate",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ImportKey",
            fields=[
                (
                    "customer_import",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="customers.customerimport",
                    ),
                ),
                ("key", models.BinaryField(max_length=32)),
                ("number", models.PositiveIntegerField()),
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "customer_import_id",
                        "key",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
            ],
        ),
    ]
