"""One JSON object per line: everything to stdout, errors and what concerns security also to files of their own."""

import datetime
import json
import logging
import os
import sys
import traceback

from app import settings


class JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        moment = datetime.datetime.fromtimestamp(record.created, datetime.timezone.utc)
        line = {
            "timestamp": moment.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        line.update(getattr(record, "fields", {}))
        if record.exc_info and record.exc_info[0]:
            line["error"] = record.exc_info[0].__name__
            line["traceback"] = "".join(traceback.format_exception(*record.exc_info))[-2000:]
        return json.dumps(line, ensure_ascii=False, separators=(",", ":"))


def worth_a_line(record: logging.LogRecord) -> bool:
    """Celery tells three lines for each heartbeat, one every second."""
    return record.levelno > logging.INFO or "app.tasks.heartbeat" not in record.getMessage()


def setup() -> None:
    os.makedirs(settings.LOG_DIR, exist_ok=True)
    out = logging.StreamHandler(sys.stdout)
    errors = logging.FileHandler(os.path.join(settings.LOG_DIR, "errors.log"))
    errors.setLevel(logging.ERROR)
    security = logging.FileHandler(os.path.join(settings.LOG_DIR, "security.log"))
    for handler in (out, errors, security):
        handler.setFormatter(JsonLines())
        handler.addFilter(worth_a_line)
    root = logging.getLogger()
    root.handlers = [out, errors]
    root.setLevel(logging.INFO)
    logging.getLogger("security").handlers = [security]


def event(name: str, message: str, level: int = logging.INFO, failure: bool = False, **fields: object) -> None:
    extra = {"fields": {"event": name, **fields}}
    logging.getLogger("app").log(level, message, extra=extra, exc_info=failure)


def security_event(name: str, ip_address: str, **fields: object) -> None:
    extra = {"fields": {"security_event": True, "event": name, "ip_address": ip_address, **fields}}
    logging.getLogger("security").warning(name, extra=extra)
