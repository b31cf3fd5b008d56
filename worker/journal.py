"""Log lines: `action=…` with what it is about, one line an event; or JSON, an object an event, the same as members."""

import json
import logging
import re
import sys
from datetime import UTC, datetime
from typing import Literal, NamedTuple

LogFormat = Literal["text", "json"]
FORMAT_VARIABLE = "NEUROEVO_LOG_FORMAT"
"""By which a worker's evaluation processes log as it does."""
MEMBER = re.compile(r'(\w+)=("(?:[^"\\]|\\.)*"|\S*)')

logger = logging.getLogger("worker")


class LogStyle(NamedTuple):
    """The least severe lines to log, and how."""

    level: int = logging.INFO
    format: LogFormat = "text"


PLAIN = LogStyle()


class AsJson(logging.Formatter):
    """One JSON object a line: time (UTC), level, logger, the line's members as texts, the line itself, a traceback."""

    def format(self, record: logging.LogRecord) -> str:
        message = record.getMessage()
        return json.dumps(
            {
                **{name: json.loads(value) if value[:1] == '"' else value for name, value in MEMBER.findall(message)},
                "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
                "level": record.levelname.lower(),
                "logger": record.name,
                "message": message,
                **({"traceback": self.formatException(record.exc_info)} if record.exc_info else {}),
            },
            ensure_ascii=False,
        )


def set_up_logging(style: LogStyle) -> None:
    """Lines on standard error, with time and severity."""
    handler = logging.StreamHandler(sys.stderr)
    text = logging.Formatter("%(asctime)s %(levelname)s %(message)s")
    handler.setFormatter(AsJson() if style.format == "json" else text)
    logger.handlers[:] = [handler]
    logger.setLevel(style.level)
    logger.propagate = False


def line(action: str, **details: object) -> str:
    """`action=claim batch=7 reason="no answer"`: values are quoted where they need it."""
    return " ".join(f"{name}={_quoted(value)}" for name, value in {"action": action, **details}.items())


def _quoted(value: object) -> str:
    text = f"{value:.1f}" if isinstance(value, float) else str(value)
    return text if text and not set(text) & set(' "=\n') else json.dumps(text, ensure_ascii=False)
