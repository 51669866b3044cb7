from platform_shared.kit.errors import DomainError


class PaymentNotPending(DomainError):
    code, status, title = "payment_not_pending", 409, "The payment is not pending"
