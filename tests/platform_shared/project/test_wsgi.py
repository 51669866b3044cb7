"""The web process's entry point serves what the tests test."""

import io
from typing import Any

from platform_shared.project.wsgi import application


class TestApplication:
    def test_answers(self, db: None) -> None:
        started: list[str] = []
        environ: dict[str, Any] = {
            "REQUEST_METHOD": "GET",
            "PATH_INFO": "/health/live",
            "SERVER_NAME": "localhost",
            "SERVER_PORT": "80",
            "wsgi.input": io.BytesIO(),
            "wsgi.url_scheme": "http",
        }
        body = b"".join(application(environ, lambda status, headers: started.append(status)))
        assert started == ["200 OK"]
        assert body == b'{"status": "ok"}'
