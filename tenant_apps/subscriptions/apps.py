from django.apps import AppConfig


class SubscriptionsConfig(AppConfig):
    name = "tenant_apps.subscriptions"

    def ready(self) -> None:
        from platform_shared.due_work import services as due_work
        from tenant_apps.customers import merging as customer_merging
        from tenant_apps.subscriptions import merging, services

        due_work.register(services.EXPIRY, services.expire_if_over)
        customer_merging.register("subscriptions", merging.move)
