"""Locations: a club's places and doors."""

from django.db import models

from platform_shared.kit.ids import new_id


class Location(models.Model):
    """A place or door, named on scans."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    name = models.CharField(max_length=120, unique=True)
    address = models.CharField(max_length=400, blank=True, default="", db_default="")
    capacity = models.PositiveIntegerField(null=True)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name
