from platform_shared.kit.errors import DomainError


class PackageArchived(DomainError):
    code, status, title = "package_archived", 409, "The package is archived"


class PackageInactive(DomainError):
    code, status, title = "package_inactive", 409, "The package is not for sale"
