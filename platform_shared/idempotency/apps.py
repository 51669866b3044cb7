from django.apps import AppConfig


class IdempotencyConfig(AppConfig):
    name = "platform_shared.idempotency"

    def ready(self) -> None:
        from platform_shared.due_work import services as due_work
        from platform_shared.idempotency import services
        from platform_shared.kit import idempotency

        idempotency.register(services.answer_once)
        due_work.register(services.EXPIRY, services.expire)
