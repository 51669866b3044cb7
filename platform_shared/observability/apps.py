from django.apps import AppConfig


class ObservabilityConfig(AppConfig):
    name = "platform_shared.observability"
