"""Packages: what a club sells."""

from django.db import models

from platform_shared.kit.ids import new_id
from tenant_apps.packages.terms import Terms, constraints


class Package(Terms):
    """Something for sale: a number of visits, or a period of unlimited ones.

    An archived one is for sale no more and in nobody's way, and can be brought back.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    name = models.CharField(max_length=120)
    description = models.TextField(max_length=4000, blank=True)
    is_active = models.BooleanField(default=True)
    is_public = models.BooleanField(default=True)
    position = models.PositiveIntegerField(default=0, db_default=0)
    max_per_customer = models.PositiveSmallIntegerField(null=True)
    archived_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            *constraints("packages_package"),
            models.CheckConstraint(
                condition=models.Q(archived_at=None) | models.Q(is_active=False),
                name="packages_package_archived_is_inactive",
            ),
        ]
        indexes = [models.Index(fields=["position", "-id"], name="packages_by_position")]

    def __str__(self) -> str:
        return self.name
