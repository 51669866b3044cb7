from platform_shared.kit.errors import DomainError


class CustomerHasNoEmail(DomainError):
    """Enter an e-mail address for the customer first."""

    code, status, title = "customer_has_no_email", 409, "An invitation needs an e-mail address"


class AlreadyInvited(DomainError):
    """Who has set a password needs no invitation, but a link for who forgot theirs."""

    code, status, title = "already_invited", 409, "The customer has a login already"


class CustomerInactive(DomainError):
    """Nothing is sold or given to them until they are active again."""

    code, status, title = "customer_inactive", 409, "The customer is deactivated"


class PossibleDuplicate(DomainError):
    """Same number, or same name and birth date; `allow_duplicate` says it is somebody else."""

    code, status, title = "possible_duplicate", 409, "The club seems to have this customer already"
    members = {"customer": "the id of who seems to be the same"}


class CustomerMerged(DomainError):
    """Their record is only read any more: use the one that it was merged into."""

    code, status, title = "customer_merged", 409, "The customer was merged into another"
    members = {"merged_into": "the id of the customer to use"}


class BothHaveLogins(DomainError):
    """A merged customer has one login: deactivate one of the two first."""

    code, status, title = "both_have_logins", 409, "Both customers have a login in use"


class GuardianCycle(DomainError):
    """One of the two answers for the other, if by way of others."""

    code, status, title = "guardian_cycle", 409, "The customer would become their own guardian"
