from django.apps import AppConfig


class CheckInsConfig(AppConfig):
    name = "tenant_apps.checkins"
