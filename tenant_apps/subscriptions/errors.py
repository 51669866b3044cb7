from platform_shared.kit.errors import DomainError


class ChangeNotAllowed(DomainError):
    """What may be done depends on the status; the extras say what it takes."""

    code, status, title = (
        "subscription_change_not_allowed",
        409,
        "The subscription cannot be changed so as it is",
    )
    members = {
        "action": "what was to be done",
        "subscription_status": "the status that forbids it",
        "allowed_when": "the statuses that allow it",
    }


class AlreadyFrozen(DomainError):
    """Unfreeze first."""

    code, status, title = "already_frozen", 409, "A freeze runs or is planned already"


class NotFrozen(DomainError):
    """There is nothing to end."""

    code, status, title = "not_frozen", 409, "No freeze runs or is planned"


class FreezeLimitReached(DomainError):
    """The extras say how much is left."""

    code, status, title = "freeze_limit_reached", 409, "The package allows no more freezing"
    members = {
        "times": "how often in all, where that is what is used up",
        "days_left": "days that are left, where those are",
    }


class NoEnd(DomainError):
    """It runs until it is cancelled."""

    code, status, title = "subscription_has_no_end", 409, "The subscription has no end to move"


class NoCredits(DomainError):
    """Periods are unlimited while they run."""

    code, status, title = "subscription_has_no_credits", 409, "A period has no credits to adjust"


class NotEnoughCredits(DomainError):
    """No more can be taken than is left."""

    code, status, title = "not_enough_credits", 409, "The subscription does not hold as many"
    members = {"credits_left": "how many it holds"}


class SameCustomer(DomainError):
    """There is nobody to hand it to, or to share it with."""

    code, status, title = "same_customer", 409, "It is this customer's subscription already"


class AlreadyMember(DomainError):
    """Nothing was changed."""

    code, status, title = "already_member", 409, "This customer shares the subscription already"


class NotShareable(DomainError):
    """Remove a member first, or sell a package for more people."""

    code, status, title = "not_shareable", 409, "The package allows no more people to share it"
    members = {"max_members": "with how many others it can be shared"}


class TrialUsed(DomainError):
    """Guest passes do not count; everything else they have had does."""

    code, status, title = "trial_used", 409, "A trial is for those who have had nothing before"


class PurchaseLimitReached(DomainError):
    """`max_per_customer` of the package counts what was cancelled, too."""

    code, status, title = (
        "purchase_limit_reached",
        409,
        "The customer has had this package as often as allowed",
    )
    members = {"allowed": "how often one customer may have the package"}
