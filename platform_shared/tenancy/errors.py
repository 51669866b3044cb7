"""What can be wrong with a host or a club before any view is asked."""

from platform_shared.kit.errors import DomainError


class UnknownHost(DomainError):
    """The host names no club, or one that is closed."""

    code, status, title = "unknown_host", 404, "No club answers on this host"


class ClubSuspended(DomainError):
    """Until the platform lifts it, only sign-in and `/me` work."""

    code, status, title = "club_suspended", 403, "This club is suspended"


class ClubNotBound(RuntimeError):
    """The connection was used before anyone said whose data it is for."""


class SwitchInTransaction(RuntimeError):
    """The connection was to change clubs inside an open transaction."""


class NoLivingClub(RuntimeError):
    """A task came without a club, or for a club that does not exist or is closed."""
