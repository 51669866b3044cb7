from platform_shared.kit.errors import DomainError


class PaymentNotPending(DomainError):
    """It was confirmed, or has come to nothing, before."""

    code, status, title = "payment_not_pending", 409, "The payment is not pending"
