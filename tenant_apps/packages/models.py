"""Packages: what a club sells."""

from django.db import models

from platform_shared.kit.ids import new_id
from tenant_apps.packages.terms import Terms, constraints


class Package(Terms):
    """Something for sale: a number of visits, or a period of unlimited ones."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    name = models.CharField(max_length=120)
    description = models.TextField(max_length=4000, blank=True)
    is_active = models.BooleanField(default=True)
    is_public = models.BooleanField(default=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = constraints("packages_package")

    def __str__(self) -> str:
        return self.name
