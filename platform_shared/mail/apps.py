from django.apps import AppConfig


class MailConfig(AppConfig):
    name = "platform_shared.mail"
