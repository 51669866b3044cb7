from platform_shared.kit.errors import DomainError


class CustomerHasNoEmail(DomainError):
    code, status, title = "customer_has_no_email", 409, "An invitation needs an e-mail address"


class AlreadyInvited(DomainError):
    code, status, title = "already_invited", 409, "The customer has a login already"


class CustomerInactive(DomainError):
    code, status, title = "customer_inactive", 409, "The customer is deactivated"


class PossibleDuplicate(DomainError):
    code, status, title = "possible_duplicate", 409, "The club seems to have this customer already"


class CustomerMerged(DomainError):
    code, status, title = "customer_merged", 409, "The customer was merged into another"


class BothHaveLogins(DomainError):
    code, status, title = "both_have_logins", 409, "Both customers have a login in use"


class GuardianCycle(DomainError):
    code, status, title = "guardian_cycle", 409, "The customer would become their own guardian"
