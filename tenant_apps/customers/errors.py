from platform_shared.kit.errors import DomainError


class CustomerHasNoEmail(DomainError):
    code, status, title = "customer_has_no_email", 409, "An invitation needs an e-mail address"


class AlreadyInvited(DomainError):
    code, status, title = "already_invited", 409, "The customer has a login already"


class CustomerInactive(DomainError):
    code, status, title = "customer_inactive", 409, "The customer is deactivated"
