from django.apps import AppConfig


class CustomersConfig(AppConfig):
    name = "tenant_apps.customers"

    def ready(self) -> None:
        from platform_shared.clubs import usage
        from platform_shared.due_work import services as due_work
        from platform_shared.plans.enums import Limit
        from tenant_apps.customers import imports, selectors

        usage.register(Limit.CUSTOMERS, selectors.list_active)
        due_work.register(imports.STEP, imports.work_on)
