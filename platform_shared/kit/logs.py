"""JSON log lines that say which club, user and request they belong to."""

import logging

from pythonjsonlogger.json import JsonFormatter as BaseJsonFormatter

from platform_shared.kit import context


class ContextFilter(logging.Filter):
    """Adds the running request's identity to every record, and takes the request itself off.

    Django gives it along with an error, and its text has the whole address: secrets of links, and
    whom somebody has searched for.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        record.__dict__.pop("request", None)
        record.club = context.club_slug.get()
        record.user = context.user_id.get()
        record.request_id = context.request_id.get()
        return True


class JsonFormatter(BaseJsonFormatter):
    """One JSON object a line: time, level, logger, message, club, user, request_id, extras."""

    def __init__(self) -> None:
        super().__init__(
            "{levelname}{name}{message}{club}{user}{request_id}",
            style="{",
            rename_fields={"levelname": "level", "name": "logger"},
            timestamp="time",
        )
