"""The web process; its threads are unbound until a request's host binds them."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "platform_shared.project.settings.production")

application = get_wsgi_application()
