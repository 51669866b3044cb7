from platform_shared.kit.errors import DomainError


class LocationNameTaken(DomainError):
    """Names of locations are compared whatever their case."""

    code, status, title = "location_name_taken", 409, "Another location has this name"
