from django.apps import AppConfig


class TenancyConfig(AppConfig):
    name = "platform_shared.tenancy"
    label = "tenancy"

    def ready(self) -> None:
        from corsheaders.signals import check_request_enabled

        from platform_shared.tenancy import cors

        check_request_enabled.connect(cors.is_registered)
