from platform_shared.kit.errors import DomainError


class PlanLimitReached(DomainError):
    code, status, title = "plan_limit_reached", 409, "The club's plan allows no more of these"
