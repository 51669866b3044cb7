"""The web process's entry point: it serves what the tests test, and limits its statements."""

import io
import subprocess
import sys
from typing import Any

import pytest
from django.core.wsgi import get_wsgi_application

from platform_shared.tenancy import process

ASK = """
import django
django.setup()
from django.db import connection
from platform_shared.tenancy import binding
with binding.platform(), connection.cursor() as cursor:
    cursor.execute("SELECT current_setting('statement_timeout'), current_setting('lock_timeout')")
    print(*cursor.fetchone())
"""
WEB = "from platform_shared.project import wsgi"
WORKER = "from platform_shared.project import celery"
COMMAND = "import sys; sys.argv = ['manage.py', 'version']; import manage; manage.main()"


class TestApplication:
    def test_answers(self, db: None, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(process, "limits", {})  # puts back what the import sets
        from platform_shared.project.wsgi import application

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

    @pytest.mark.parametrize(
        "charset",
        ['="zlib"', "=undefined", "= idna", "=hex", "=nonsense", "=utf-16", "*=UTF-8''zlib"],
    )
    def test_reads_what_strangers_call_their_character_set_as_utf_8(
        self, db: None, monkeypatch: pytest.MonkeyPatch, charset: str
    ) -> None:
        monkeypatch.setattr(process, "limits", {})
        from platform_shared.project import wsgi

        def asked(application: Any) -> list[str]:
            started: list[str] = []
            environ: dict[str, Any] = {
                "REQUEST_METHOD": "GET",
                "PATH_INFO": "/health/live",
                "QUERY_STRING": "a=%C3",
                "CONTENT_TYPE": f"application/json; charset{charset}; x=y",
                "SERVER_NAME": "localhost",
                "SERVER_PORT": "80",
                "wsgi.input": io.BytesIO(),
                "wsgi.url_scheme": "http",
            }
            b"".join(application(environ, lambda status, headers: started.append(status)))
            return started

        assert asked(wsgi.application) == ["200 OK"]
        if "zlib" in charset:  # negative control: Django by itself never gets as far as answering
            with pytest.raises(LookupError):
                asked(get_wsgi_application())

    @pytest.mark.parametrize(
        ("begin", "limits"), [(WEB, "20s 10s"), (WORKER, "0 0"), (COMMAND, "0 0")]
    )
    def test_has_limits_that_workers_and_commands_have_not(self, begin: str, limits: str) -> None:
        told = subprocess.run(
            [sys.executable, "-c", begin + ASK], capture_output=True, text=True, check=True
        )
        assert told.stdout.split("\n")[-2] == limits
