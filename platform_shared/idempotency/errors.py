from platform_shared.kit.errors import DomainError


class IdempotencyKeyReused(DomainError):
    """The caller has sent this key with another request before."""

    code, status, title = "idempotency_key_reused", 422, "This key belongs to another request"


class IdempotencyKeyInProgress(DomainError):
    """A request with this key is being carried out; its answer is not there yet."""

    code, status, title = "idempotency_key_in_progress", 409, "A request with this key is running"
    headers = {"Retry-After": "1"}


class IdempotentAnswerLost(DomainError):
    """The request was answered before and the answer cannot be opened; it is not repeated."""

    code, status, title = "idempotent_answer_lost", 409, "The answer cannot be read any more"
