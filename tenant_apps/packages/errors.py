from platform_shared.kit.errors import DomainError


class PackageArchived(DomainError):
    """Bring it back first: an archived package cannot be active."""

    code, status, title = "package_archived", 409, "The package is archived"


class PackageInactive(DomainError):
    """It is neither sold nor given until it is active again."""

    code, status, title = "package_inactive", 409, "The package is not for sale"
