from platform_shared.kit.errors import DomainError


class CodeRevoked(DomainError):
    code, status, title = "code_revoked", 409, "A revoked code stays revoked"


class SigningKeyInUse(DomainError):
    code, status, title = "signing_key_in_use", 409, "The key that signs cannot be retired"
