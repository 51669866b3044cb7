from platform_shared.kit.errors import DomainError


class PlanLimitReached(DomainError):
    """Deactivate some of what counts, or rent a larger plan."""

    code, status, title = "plan_limit_reached", 409, "The club's plan allows no more of these"
    members = {
        "limit": "what the plan limits: `customers`, `staff` or `locations`",
        "allowed": "how many",
    }
