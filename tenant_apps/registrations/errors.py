from platform_shared.kit.errors import DomainError


class RegistrationClosed(DomainError):
    """The club's setting `self_registration` is off."""

    code, status, title = "registration_closed", 403, "This club registers its customers itself"


class InvalidRegistrationLink(DomainError):
    """A link works once, for a limited time; register again."""

    code, status, title = "invalid_registration_link", 404, "The link is unknown, used or expired"
