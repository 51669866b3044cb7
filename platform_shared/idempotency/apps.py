from django.apps import AppConfig


class IdempotencyConfig(AppConfig):
    name = "platform_shared.idempotency"

    def ready(self) -> None:
        from platform_shared.due_work import services as due_work
        from platform_shared.idempotency import errors, services
        from platform_shared.kit import idempotency

        idempotency.register(
            services.answer_once,
            errors.IdempotencyKeyReused,
            errors.IdempotencyKeyInProgress,
            errors.IdempotentAnswerLost,
        )
        due_work.register(services.EXPIRY, services.expire)
