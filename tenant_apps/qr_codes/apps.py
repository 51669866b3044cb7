from django.apps import AppConfig


class QRCodesConfig(AppConfig):
    name = "tenant_apps.qr_codes"

    def ready(self) -> None:
        from platform_shared.tenancy import provisioning
        from tenant_apps.qr_codes import keys

        provisioning.register("signing key", keys.create_first_key)
