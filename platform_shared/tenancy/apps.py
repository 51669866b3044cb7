from django.apps import AppConfig


class TenancyConfig(AppConfig):
    name = "platform_shared.tenancy"
    label = "tenancy"
