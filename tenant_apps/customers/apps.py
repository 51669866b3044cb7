from django.apps import AppConfig


class CustomersConfig(AppConfig):
    name = "tenant_apps.customers"

    def ready(self) -> None:
        from platform_shared.due_work import services as due_work
        from tenant_apps.customers import imports

        due_work.register(imports.STEP, imports.work_on)
