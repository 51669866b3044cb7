"""The composition root: settings, URLs and the two entry points."""

from platform_shared.project.celery import app as celery_app

__all__ = ["celery_app"]
