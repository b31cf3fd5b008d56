"""Log lines: text or JSON, on standard error, with no secret in them."""

import json
import logging
import re
import sys
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from server.service.keys import SECRET
from server.settings import Settings

NAMED = re.compile(r" (?=\w+=)")
"""Between two parts of a message's format."""
CONVERSION = re.compile(r"%[-+ #0]*\d*(?:\.\d+)?[a-zA-Z]")
NUMERIC = {"%d", "%.1f"}
"""Conversions whose argument stays a number in JSON."""
TEXT = "%(asctime)s %(levelname)-7s %(name)s %(message)s"


class WithoutSecrets(logging.Formatter):
    """A formatter that blots out secrets, wherever in the line or its traceback they turn up.

    Those of the settings are known; stored ones are not, and are told by how they begin.
    """

    def __init__(self, inner: logging.Formatter, secrets: list[str]) -> None:
        super().__init__()
        self._inner = inner
        self._secrets = {form for secret in secrets if secret for form in (secret, quote(secret, safe=""))}

    def format(self, record: logging.LogRecord) -> str:
        """The line, its secrets replaced."""
        line = self._inner.format(record)
        for secret in self._secrets:
            line = line.replace(secret, "[secret]")
        return SECRET.sub("[secret]", line)


class AsText(logging.Formatter):
    """One line a message: what others wrote into it cannot forge a second one. Tracebacks have lines of their own."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the library's name
        """The line, characters that cannot be shown written as escapes."""
        line = super().formatMessage(record)
        return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in line)


class AsJson(logging.Formatter):
    """One JSON object a line, with `action` and ids as members of it."""

    def format(self, record: logging.LogRecord) -> str:
        """The record's time (UTC), level, logger, message and traceback, and what the message tells by names."""
        line = {
            **members(record),
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


def members(record: logging.LogRecord) -> dict[str, Any]:
    """What one of our own messages tells as `name=value`: read off its format, so that a value may hold what it likes.

    A value is an argument (what follows it is prose), or the words up to the next name.
    """
    if not str(record.msg).startswith("action=") or not isinstance(record.args, tuple):
        return {}
    found: dict[str, Any] = {}
    used = 0
    for part in NAMED.split(record.msg):
        name, is_named, form = part.partition("=")
        count = len(CONVERSION.findall(part))
        given, used = record.args[used : used + count], used + count
        if is_named and name.isidentifier():
            value = form.split()[0] if "%" in form else form
            is_number = value in NUMERIC and isinstance(given[0], int | float)
            found[name] = given[0] if is_number else value % given[: len(CONVERSION.findall(value))]
    return found


def configure_logs(settings: Settings) -> None:
    """Send every logger's lines to standard error, as the settings say."""
    inner = AsJson() if settings.log_format == "json" else AsText(TEXT)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(WithoutSecrets(inner, settings.secrets))
    logging.basicConfig(level=settings.log_level.upper(), handlers=[handler], force=True)
    # Below this they log whole requests, with query and headers, or the parameters of statements.
    for name in ("uvicorn.error", "websockets", "asyncio", "sqlalchemy.engine", "psycopg"):
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.getLogger("uvicorn.error").addFilter(is_news)


def is_news(record: logging.LogRecord) -> bool:
    """Not what uvicorn calls an error: a websocket that was refused with an HTTP answer, as a stranger's is."""
    return record.getMessage() != "ASGI callable returned without completing handshake."
