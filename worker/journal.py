"""Log lines: `action=…` with what it is about, one line an event."""

import json
import logging
import sys

logger = logging.getLogger("worker")


def set_up_logging(level: int = logging.INFO) -> None:
    """Lines on standard error, with time and severity."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    logger.handlers[:] = [handler]
    logger.setLevel(level)
    logger.propagate = False


def line(action: str, **details: object) -> str:
    """`action=claim batch=7 reason="no answer"`: values are quoted where they need it."""
    return " ".join(f"{name}={_quoted(value)}" for name, value in {"action": action, **details}.items())


def _quoted(value: object) -> str:
    text = f"{value:.1f}" if isinstance(value, float) else str(value)
    return text if text and not set(text) & set(' "=\n') else json.dumps(text, ensure_ascii=False)
