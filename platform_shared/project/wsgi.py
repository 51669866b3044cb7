"""The web process; its threads are unbound until a request's host binds them."""

import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application

from platform_shared.kit import metrics, tracing
from platform_shared.kit.wsgi import utf8_only
from platform_shared.tenancy import process

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "platform_shared.project.settings.production")

process.limits = settings.WEB_LIMITS
metrics.start(settings.METRICS_FOLDER)
tracing.start(settings.TRACES_ENDPOINT)
application = utf8_only(get_wsgi_application())
