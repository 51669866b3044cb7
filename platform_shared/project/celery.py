"""The background workers' application: ``celery -A platform_shared.project.celery``."""

import os

from celery import Celery, signals
from django.conf import settings

from platform_shared.kit import metrics, tracing

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "platform_shared.project.settings.production")

app = Celery("qr_checkin", task_cls="platform_shared.tenancy.tasks.BaseTask")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@signals.worker_init.connect
def observe(**_: object) -> None:
    """Count and trace in workers, and not in whatever else imports this to send a task."""
    metrics.start(settings.METRICS_FOLDER)
    tracing.start(settings.TRACES_ENDPOINT)
