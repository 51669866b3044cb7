"""The background workers' application: ``celery -A platform_shared.project.celery``."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "platform_shared.project.settings.production")

app = Celery("qr_checkin", task_cls="platform_shared.tenancy.tasks.BaseTask")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
