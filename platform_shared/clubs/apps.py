from django.apps import AppConfig


class ClubsConfig(AppConfig):
    name = "platform_shared.clubs"
