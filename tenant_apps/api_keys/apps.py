from django.apps import AppConfig


class ApiKeysConfig(AppConfig):
    name = "tenant_apps.api_keys"
