from platform_shared.kit.errors import DomainError


class SubscriptionNotPending(DomainError):
    code, status, title = "subscription_not_pending", 409, "The subscription is not pending"
