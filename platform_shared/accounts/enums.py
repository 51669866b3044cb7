from django.db import models

from platform_shared.kit.access import Role

CLUB_ROLES = (Role.CLUB_ADMIN, Role.CLUB_STAFF)


class RoleChoices(models.TextChoices):
    """``kit.access.Role`` as a database column's choices."""

    SYSTEM_ADMIN = Role.SYSTEM_ADMIN
    CLUB_ADMIN = Role.CLUB_ADMIN
    CLUB_STAFF = Role.CLUB_STAFF
    CUSTOMER = Role.CUSTOMER


class StaffRole(models.TextChoices):
    """The roles of those who run a club."""

    CLUB_ADMIN = Role.CLUB_ADMIN
    CLUB_STAFF = Role.CLUB_STAFF
