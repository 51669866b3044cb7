from platform_shared.kit.errors import DomainError


class InvalidCredentials(DomainError):
    """The same answer for an unknown e-mail, a wrong password and a deactivated account."""

    code, status, title = "invalid_credentials", 401, "E-mail or password is wrong"


class InvalidToken(DomainError):
    """``forged``: no key of ours has signed it, which never happens to one who is merely late."""

    code, status, title = "invalid_token", 401, "The token is not valid here"

    def __init__(self, *, forged: bool = False) -> None:
        super().__init__()
        self.inner_code = "forged" if forged else ""


class SupportSessionRequired(DomainError):
    code, status, title = (
        "support_session_required",
        403,
        "A system admin needs a support session to work inside a club",
    )


class EmailTaken(DomainError):
    code, status, title = "email_taken", 409, "Another account has this e-mail address"


class AccountInactive(DomainError):
    code, status, title = "account_inactive", 409, "The account is deactivated"


class LastAdmin(DomainError):
    code, status, title = "last_admin", 409, "Somebody must remain who can manage this"


class InvalidPasswordLink(DomainError):
    code, status, title = "invalid_password_link", 404, "The link is unknown, used or expired"
