from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "platform_shared.accounts"

    def ready(self) -> None:
        from platform_shared.accounts import services
        from platform_shared.tenancy import provisioning

        provisioning.register("first admin", services.create_first_admin)
