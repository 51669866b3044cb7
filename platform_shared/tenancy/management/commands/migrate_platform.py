"""Bring the public schema and every club's schema up to date."""

from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.db import transaction
from django_tenants.utils import get_tenant_model

from platform_shared.tenancy import binding, schema
from platform_shared.tenancy.club_ref import ClubRef


class Command(BaseCommand):
    help = "Migrate the public schema, then each club's, one transaction a club."

    def handle(self, *args: Any, **options: Any) -> None:
        # django-tenants' `migrate` goes on to every club, the closed ones too, unless told not to.
        call_command("migrate", shared=True, verbosity=0, interactive=False)
        self.stdout.write("public schema is up to date")
        clubs = get_tenant_model()._default_manager.exclude(status="closed").order_by("id")
        for club in list(clubs):
            with binding.club(ClubRef.of(club)), transaction.atomic(durable=True):
                applied = schema.migrate()
            self.stdout.write(f"{club.slug}: {applied} migrations applied")
