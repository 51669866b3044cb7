from django.apps import AppConfig


class QRCodesConfig(AppConfig):
    name = "tenant_apps.qr_codes"

    def ready(self) -> None:
        from platform_shared.clubs import settings_checks
        from platform_shared.tenancy import provisioning
        from tenant_apps.customers import merging as customer_merging
        from tenant_apps.qr_codes import errors, keys, kinds, merging

        provisioning.register("signing key", keys.create_first_key)
        settings_checks.register("kinds of codes", kinds.require_one, errors.NoKindOfCodeLeft)
        customer_merging.register("qr_codes", merging.move)
