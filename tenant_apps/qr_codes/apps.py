from django.apps import AppConfig


class QRCodesConfig(AppConfig):
    name = "tenant_apps.qr_codes"

    def ready(self) -> None:
        from platform_shared.clubs import settings_checks
        from platform_shared.tenancy import provisioning
        from tenant_apps.qr_codes import keys, kinds

        provisioning.register("signing key", keys.create_first_key)
        settings_checks.register("kinds of codes", kinds.require_one)
