from platform_shared.kit.errors import DomainError


class PackageInactive(DomainError):
    code, status, title = "package_inactive", 409, "The package is not for sale"
