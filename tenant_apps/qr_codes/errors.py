from platform_shared.kit.errors import DomainError


class CodeRevoked(DomainError):
    """Issue another code."""

    code, status, title = "code_revoked", 409, "A revoked code stays revoked"


class CodeNotActive(DomainError):
    """It is revoked, has expired, or its key is retired: nobody could use the card."""

    code, status, title = "code_not_active", 409, "The code opens no door"


class ExpiryIsSigned(DomainError):
    """Reissue the code with another expiry."""

    code, status, title = "expiry_is_signed", 409, "A code's text carries its expiry"


class CodeKindNotAccepted(DomainError):
    """The club's settings say which kinds of codes its doors accept."""

    code, status, title = "code_kind_not_accepted", 409, "The club does not accept this kind"


class NoKindOfCodeLeft(DomainError):
    """Doors must accept at least one kind that can be issued."""

    code, status, title = "no_kind_of_code_left", 409, "The club would accept no code at all"


class TextNotPrintable(DomainError):
    """`detail` names the characters."""

    code, status, title = "text_not_printable", 409, "No font here has these characters"


class SigningKeyInUse(DomainError):
    """Make another key the one that signs, then retire this one."""

    code, status, title = "signing_key_in_use", 409, "The key that signs cannot be retired"
