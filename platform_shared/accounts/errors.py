from platform_shared.kit.errors import DomainError


class InvalidCredentials(DomainError):
    """The same answer for an unknown e-mail, a wrong password and a deactivated account."""

    code, status, title = "invalid_credentials", 401, "E-mail or password is wrong"


class InvalidToken(DomainError):
    """The token is malformed, expired, revoked, of another kind, or another host's."""

    code, status, title = "invalid_token", 401, "The token is not valid here"

    def __init__(self, *, forged: bool = False) -> None:
        super().__init__()
        self.inner_code = "forged" if forged else ""


class SupportSessionRequired(DomainError):
    """The platform's token opens no club: open a support session, and use its token."""

    code, status, title = (
        "support_session_required",
        403,
        "A system admin needs a support session to work inside a club",
    )


class EmailTaken(DomainError):
    """An account or customer of this host has the e-mail, whatever its case."""

    code, status, title = "email_taken", 409, "Another account has this e-mail address"
    members = {"customer": "the id of who has it, where it is a customer and the caller may know"}


class AccountInactive(DomainError):
    """There is no link for who may not sign in: activate the account first."""

    code, status, title = "account_inactive", 409, "The account is deactivated"


class LastAdmin(DomainError):
    """The last active admin can be neither deactivated nor made something else."""

    code, status, title = "last_admin", 409, "Somebody must remain who can manage this"


class InvalidPasswordLink(DomainError):
    """A link works once, for a limited time; ask for another one."""

    code, status, title = "invalid_password_link", 404, "The link is unknown, used or expired"
