from django.apps import AppConfig


class CheckInsConfig(AppConfig):
    name = "tenant_apps.checkins"

    def ready(self) -> None:
        from tenant_apps.checkins import merging
        from tenant_apps.customers import merging as customer_merging

        customer_merging.register("check_ins", merging.count)
