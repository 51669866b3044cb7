from platform_shared.kit.errors import DomainError


class ChangeNotAllowed(DomainError):
    code, status, title = (
        "subscription_change_not_allowed",
        409,
        "The subscription cannot be changed so as it is",
    )


class AlreadyFrozen(DomainError):
    code, status, title = "already_frozen", 409, "A freeze runs or is planned already"


class NotFrozen(DomainError):
    code, status, title = "not_frozen", 409, "No freeze runs or is planned"


class FreezeLimitReached(DomainError):
    code, status, title = "freeze_limit_reached", 409, "The package allows no more freezing"


class NoEnd(DomainError):
    code, status, title = "subscription_has_no_end", 409, "The subscription has no end to move"


class NoCredits(DomainError):
    code, status, title = "subscription_has_no_credits", 409, "A period has no credits to adjust"


class NotEnoughCredits(DomainError):
    code, status, title = "not_enough_credits", 409, "The subscription does not hold as many"


class SameCustomer(DomainError):
    code, status, title = "same_customer", 409, "It is this customer's subscription already"


class AlreadyMember(DomainError):
    code, status, title = "already_member", 409, "This customer shares the subscription already"


class NotShareable(DomainError):
    code, status, title = "not_shareable", 409, "The package allows no more people to share it"


class TrialUsed(DomainError):
    code, status, title = "trial_used", 409, "A trial is for those who have had nothing before"


class PurchaseLimitReached(DomainError):
    code, status, title = (
        "purchase_limit_reached",
        409,
        "The customer has had this package as often as allowed",
    )
