from django.apps import AppConfig


class DueWorkConfig(AppConfig):
    name = "platform_shared.due_work"
