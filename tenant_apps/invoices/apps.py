from django.apps import AppConfig


class InvoicesConfig(AppConfig):
    name = "tenant_apps.invoices"

    def ready(self) -> None:
        from tenant_apps.customers import merging as customer_merging
        from tenant_apps.invoices import merging

        customer_merging.register("invoices", merging.move)
