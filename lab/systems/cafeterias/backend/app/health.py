"""How it is, as it says itself."""

import os
import time
import urllib.request
from typing import Callable, Tuple

from app import settings
from app.stores import HEARTBEAT, cache, rows

# Beat sends a heartbeat every second; a worker that has not done one for this long does nothing else either.
SILENT_AFTER = 6.0


def database() -> None:
    rows("SELECT 1")


def redis() -> None:
    # PING answers also when nothing can be written.
    cache.set("health:probe", "1", ex=10)


def celery() -> None:
    last = cache.get(HEARTBEAT)
    if last is None:
        raise RuntimeError("no worker has done a heartbeat yet")
    silence = time.time() - float(last)
    if silence > SILENT_AFTER:
        raise RuntimeError(f"the last heartbeat was done {silence:.0f} s ago")


def mercadopago() -> None:
    with urllib.request.urlopen(f"{settings.MERCADOPAGO_URL}/status", timeout=2):
        pass


CHECKS = {"database": database, "redis": redis, "celery": celery, "mercadopago": mercadopago}


def one(check: Callable[[], None]) -> dict:
    start = time.monotonic()
    try:
        check()
    except Exception as error:
        return {"status": "down", "error": " ".join(str(error).split())[:200]}
    return {"status": "up", "latency_ms": round((time.monotonic() - start) * 1000, 1)}


def report() -> Tuple[int, dict]:
    services = {name: one(check) for name, check in CHECKS.items()}
    down = [name for name, state in services.items() if state["status"] == "down"]
    status = "unhealthy" if "database" in down else "degraded" if down else "healthy"
    body = {
        "status": status,
        "version": settings.VERSION,
        "environment": settings.ENVIRONMENT,
        "pid": os.getpid(),
        "services": services,
    }
    return (503 if status == "unhealthy" else 200), body
