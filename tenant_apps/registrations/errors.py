from platform_shared.kit.errors import DomainError


class RegistrationClosed(DomainError):
    code, status, title = "registration_closed", 403, "This club registers its customers itself"


class InvalidRegistrationLink(DomainError):
    code, status, title = "invalid_registration_link", 404, "The link is unknown, used or expired"
