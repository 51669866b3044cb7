from platform_shared.kit.errors import DomainError


class SlugTaken(DomainError):
    code, status, title = "slug_taken", 409, "Another club has this slug"


class ClubNotActive(DomainError):
    code, status, title = "club_not_active", 409, "The club is not active"
