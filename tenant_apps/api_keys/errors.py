from platform_shared.kit.errors import DomainError


class ApiKeyEnded(DomainError):
    """A key that is over stays so: make another one."""

    code, status, title = "api_key_ended", 409, "The API key is revoked or has expired"
