from django.apps import AppConfig


class MeConfig(AppConfig):
    name = "tenant_apps.me"
