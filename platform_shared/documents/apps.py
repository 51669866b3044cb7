from django.apps import AppConfig


class DocumentsConfig(AppConfig):
    name = "platform_shared.documents"
