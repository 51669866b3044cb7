from platform_shared.kit.errors import DomainError


class SlugTaken(DomainError):
    """Slugs are names of hosts, so each is one club's alone, even of a closed one."""

    code, status, title = "slug_taken", 409, "Another club has this slug"


class ClubNotActive(DomainError):
    """A closed club does not open again, and nobody supports it."""

    code, status, title = "club_not_active", 409, "The club is not active"
