from django.apps import AppConfig


class SubscriptionsConfig(AppConfig):
    name = "tenant_apps.subscriptions"

    def ready(self) -> None:
        from platform_shared.due_work import services as due_work
        from platform_shared.mail import services as mail
        from tenant_apps.customers import merging as customer_merging
        from tenant_apps.subscriptions import mails, merging, services

        due_work.register(services.SETTLE, services.settle)
        # What was put on the list under the name that this had before.
        due_work.register("subscriptions.expire", services.settle)
        mail.register(services.EXPIRING, mails.expiring)
        customer_merging.register("subscriptions", merging.move)
