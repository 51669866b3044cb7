"""Serve ``/metrics`` for Prometheus, on a listener of its own and never on a club's host."""

from typing import Any

from django.conf import settings
from django.core.management import BaseCommand, CommandError


class Command(BaseCommand):
    help = "Serve what web and worker have counted, for Prometheus to scrape."

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="default: loopback alone")
        parser.add_argument("--port", type=int, default=settings.METRICS_PORT)

    def handle(self, *args: Any, host: str, port: int, **options: Any) -> None:
        if settings.METRICS_FOLDER is None:
            raise CommandError("PROMETHEUS_MULTIPROC_DIR is not set: nobody counts anything")
        from prometheus_client import start_http_server

        from platform_shared.observability import exposition

        _, thread = start_http_server(port, host, exposition.registry(settings.METRICS_FOLDER))
        self.stdout.write(f"metrics at http://{host}:{port}/metrics")
        thread.join()
