from platform_shared.kit.errors import DomainError


class LocationNameTaken(DomainError):
    code, status, title = "location_name_taken", 409, "Another location has this name"
