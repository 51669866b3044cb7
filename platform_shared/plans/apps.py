from django.apps import AppConfig


class PlansConfig(AppConfig):
    name = "platform_shared.plans"
